// Whether anything can be seen in an element.

const LOOK = 100;

/** Waits, not longer than `longest` milliseconds, for something to be drawn in the element that this refers to. */
export async function inked(reference, longest) {
  for (let waited = 0; waited <= longest; waited += LOOK) {
    await new Promise((looked) => setTimeout(looked, LOOK));
    if (hasInk(reference.current)) return true;
  }
  return false;
}

/** True when the element has text, or a canvas that something was drawn on. */
function hasInk(element) {
  if (!element) return false;
  if (element.innerText.trim() !== '') return true;
  return [...element.querySelectorAll('canvas')].some(isPainted);
}

function isPainted(canvas) {
  if (canvas.width === 0 || canvas.height === 0) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((byte) => byte !== 0);
}
