// Bundles the page, and serves it to the browser on a port of its own, with Prometheus beside it.

import { createServer, request as ask } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const HERE = import.meta.dirname;
const require = createRequire(import.meta.url);
const FONTS = {
  inter: '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
  roboto: '@fontsource-variable/roboto-mono/files/roboto-mono-latin-wght-normal.woff2',
};
const TYPES = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};
const ICON = /^\/public\/build\/(img\/icons\/[\w/-]+\.svg)$/;
const FONT = /^\/public\/fonts\/(inter|roboto)\/[\w-]+\.woff2$/;

/** The files of the page by their paths. */
export async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [join(HERE, 'page/index.jsx')],
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    logLevel: 'error',
    loader: { '.svg': 'dataurl', '.png': 'dataurl', '.ttf': 'empty' },
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  });
  const files = Object.fromEntries(outputFiles.map(({ path, contents }) => [path, contents]));
  return { ...files, '/index.html': await readFile(join(HERE, 'page/index.html')) };
}

/** Serves these files, the request, the icons, and Prometheus under /prometheus, until `close` is called. */
export async function serve(files, request, prometheus) {
  const all = { ...files, '/request.json': JSON.stringify(request) };
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, all, prometheus).catch((error) => outgoing.writeHead(500).end(String(error)));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${server.address().port}/index.html`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer({ url }, outgoing, files, prometheus) {
  if (url.startsWith('/prometheus/')) return forward(prometheus + url.slice('/prometheus'.length), outgoing);
  const content = files[url] ?? (await packageFile(url));
  if (content === undefined) return outgoing.writeHead(404).end();
  return outgoing.writeHead(200, { 'content-type': TYPES[url.slice(url.lastIndexOf('.'))] }).end(content);
}

function forward(url, outgoing) {
  const asked = ask(url, (answered) => {
    outgoing.writeHead(answered.statusCode, { 'content-type': 'application/json' });
    answered.pipe(outgoing);
  });
  asked.on('error', (error) => outgoing.writeHead(502).end(JSON.stringify({ status: 'error', error: error.message })));
  asked.end();
}

/** The icons and fonts that Grafana's components ask for. */
async function packageFile(url) {
  const icon = ICON.exec(url)?.[1];
  if (icon)
    return readFile(join(dirname(require.resolve('@grafana/ui/package.json')), 'dist/public', icon)).catch(
      () => undefined,
    );
  const font = FONT.exec(url)?.[1];
  return font && readFile(require.resolve(FONTS[font]));
}
