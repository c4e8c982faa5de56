// Makes the pages more comfortable. They are whole without it.
"use strict";

const REFRESH_MS = 5000;
const TYPING_MS = 250;

// Times are written in UTC; the reader gets them in the time zone of the browser.
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const SECONDS = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const midnight = () => new Date(new Date().setHours(0, 0, 0, 0));

function localize(root) {
    const today = DAY.format(new Date());
    for (const element of root.querySelectorAll("time")) {
        const time = new Date(element.dateTime);
        const day = DAY.format(time);
        const clock = (element.closest("#arrivals, .as-of") ? SECONDS : CLOCK).format(time);
        element.textContent = day === today ? clock : `${day} ${clock}`;
        element.title = time.toLocaleString();
    }
}

// A page that does not come by https has no clipboard; there the text is selected, and the old way copies it.
async function copy(element) {
    try {
        await navigator.clipboard.writeText(element.dataset.text);
    } catch {
        const field = document.createElement("textarea");
        field.value = element.dataset.text;
        document.body.append(field);
        field.select();
        document.execCommand("copy");
        field.remove();
    }
}

function addCopyButtons(root) {
    for (const element of root.querySelectorAll("[data-copy]")) {
        element.dataset.text = element.textContent;
        const button = document.createElement("button");
        button.type = "button";
        button.className = "copies";
        button.textContent = "Copy";
        button.addEventListener("click", async () => {
            await copy(element);
            button.focus({ preventScroll: true });
            button.textContent = "Copied";
            setTimeout(() => (button.textContent = "Copy"), 2000);
        });
        if (element.localName === "pre") element.prepend(button);
        else element.after(button);
    }
}

function enhance(root) {
    localize(root);
    addCopyButtons(root);
}

// Exchanges the live parts of the page that have changed. What has the focus keeps it.
function exchange(page) {
    for (const part of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(part.id);
        if (!fresh || part.dataset.html === fresh.innerHTML) continue;
        part.dataset.html = fresh.innerHTML;
        part.className = fresh.className;
        const focused = part.contains(document.activeElement) ? document.activeElement : null;
        const place = focused && [...part.querySelectorAll("a, button")].indexOf(focused);
        part.innerHTML = fresh.innerHTML;
        enhance(part);
        if (!focused) continue;
        const all = [...part.querySelectorAll("a, button")];
        const same = all.find((element) => focused.href && element.href === focused.href);
        (same ?? all[place])?.focus({ preventScroll: true });
    }
}

let answered = new Date();

async function refresh() {
    const main = document.getElementById("main");
    const url = new URL(location.href);
    if (main.dataset.refresh === "day") url.searchParams.set("today", midnight().toISOString());
    const lost = document.getElementById("lost");
    try {
        const response = await fetch(url, { cache: "no-store", redirect: "error" });
        if (!response.ok) throw new Error(response.statusText);
        const text = await response.text();
        exchange(new DOMParser().parseFromString(text, "text/html"));
        answered = new Date();
        lost.hidden = true;
    } catch {
        document.getElementById("lost-since").textContent = SECONDS.format(answered);
        lost.hidden = false;
    }
}

function keepFresh() {
    let refreshing = false;
    const tick = async () => {
        if (refreshing || document.hidden) return;
        refreshing = true;
        await refresh();
        refreshing = false;
    };
    setInterval(tick, REFRESH_MS);
    document.addEventListener("visibilitychange", tick);
    tick();
}

// A form whose fields act while they are typed in.
function filterInstantly(form) {
    let timer;
    form.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
            const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
            history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
            refresh();
        }, TYPING_MS);
    });
}

// A day in a form means the reader's day, so its beginning is sent as a time.
function sendLocalDays(form) {
    const fields = form.querySelectorAll("input[type=date]");
    for (const field of fields) {
        if (!field.dataset.time.includes("T")) continue;
        const time = new Date(field.dataset.time);
        field.value = new Date(time - time.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
    }
    form.addEventListener("formdata", (event) => {
        for (const field of fields) {
            if (field.value) event.formData.set(field.name, new Date(`${field.value}T00:00`).toISOString());
        }
        for (const [name, value] of [...event.formData]) {
            if (!value) event.formData.delete(name);
        }
    });
}

document.documentElement.className = "js";
enhance(document);
document.getElementById("zone").textContent = `Times are in ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
document.querySelectorAll("form[data-instant]").forEach(filterInstantly);
document.querySelectorAll("form[data-dates]").forEach(sendLocalDays);
if (document.getElementById("main").dataset.refresh !== undefined) keepFresh();
