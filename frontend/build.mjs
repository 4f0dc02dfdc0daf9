// Builds static/vendor from the locked packages: `node build.mjs <output folder>`.
// scripts/vendor.sh installs the packages, runs this file and checks the digests.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const MODULES = path.join(HERE, 'node_modules');
const OUTPUT = path.resolve(process.argv[2] ?? path.join(HERE, '..', 'static', 'vendor'));
const LOADER = path.join(MODULES, '@cornerstonejs', 'dicom-image-loader', 'dist', 'esm');
const NOT_SENT = path.join(HERE, 'entries', 'not-sent.js');

/** @param {string} name @returns {string} The exact version that the lock file installed. */
function versionOf(name) {
  return JSON.parse(readFileSync(path.join(MODULES, name, 'package.json'), 'utf8')).version;
}

// esbuild leaves `new URL(name, import.meta.url)` alone, so the names are made those of our files.
const FILE_NAMES = {
  './decodeImageFrameWorker.js': './decode-worker.js',
  '@cornerstonejs/codec-charls/decodewasm': './charls-decode.wasm',
};

const fileNames = {
  name: 'file names of worker and decoder',
  setup(context) {
    const filter = /dicom-image-loader\/dist\/esm\/(init|shared\/decoders\/decodeJPEGLS)\.js$/;
    context.onLoad({ filter }, ({ path: file }) => {
      let contents = readFileSync(file, 'utf8');
      for (const [from, to] of Object.entries(FILE_NAMES)) {
        contents = contents.replace(`'${from}'`, `'${to}'`);
      }
      return { contents, loader: 'js' };
    });
  },
};

// Only JPEG-LS is ever sent: the other decoders would be dead weight in every reader's browser.
const otherDecoders = {
  name: 'decoders left out',
  setup(context) {
    const names = 'RLE|JPEG2000|HTJ2K|JPEGBaseline8Bit|JPEGBaseline12Bit-js|JPEGLossless';
    const filter = new RegExp(`/decode(${names})(\\.js)?$`);
    context.onResolve({ filter }, () => ({ path: NOT_SENT }));
    // The decoder's Emscripten loader names Node's modules, which a browser never reaches.
    context.onResolve({ filter: /^(fs|path|module|crypto)$/ }, ({ path: name }) => ({
      path: name,
      namespace: 'node-only',
    }));
    context.onLoad({ filter: /.*/, namespace: 'node-only' }, () => ({ contents: '' }));
  },
};

const SETTINGS = {
  absWorkingDir: HERE,
  bundle: true,
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  format: 'esm',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  minify: true,
  plugins: [fileNames, otherDecoders],
  target: 'es2022',
};

/** @param {string} folder @returns {Promise<string[]>} Where the packages lie that went in. */
async function buildCornerstone(folder) {
  const page = await build({
    ...SETTINGS,
    chunkNames: 'shared-[hash]',
    entryPoints: { core: 'entries/core.js', tools: 'entries/tools.js' },
    outdir: folder,
    splitting: true,
  });
  const worker = await build({
    ...SETTINGS,
    entryPoints: {
      'decode-worker': path.join(LOADER, 'decodeImageFrameWorker.js'),
    },
    outdir: folder,
  });
  const decoder = path.join(MODULES, '@cornerstonejs/codec-charls/dist/charlswasm_decode.wasm');
  writeFileSync(path.join(folder, 'charls-decode.wasm'), readFileSync(decoder));
  const inputs = [page, worker].flatMap((result) => Object.keys(result.metafile.inputs));
  // A package below another one's node_modules is another version: its licence is its own.
  const home = /node_modules\/((?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)/;
  const homes = inputs.map((input) => home.exec(input)?.[1]);
  return [...new Set(homes.filter((found) => found !== undefined))];
}

/** Licences travel with the code: one file, one section per package. */
function writeLicences(folder, packages) {
  const sections = packages.map((place) => {
    const home = path.join(MODULES, place);
    const file = readdirSync(home).find((entry) => /^licen[cs]e/i.test(entry));
    const { name, version, license } = JSON.parse(
      readFileSync(path.join(home, 'package.json'), 'utf8'),
    );
    const text = file ? readFileSync(path.join(home, file), 'utf8').replace(/\r/g, '').trim() : '';
    return `${name} ${version} (${license})\n${'='.repeat(72)}\n${text}\n`;
  });
  writeFileSync(path.join(folder, 'LICENCES.txt'), sections.sort().join('\n\n'));
}

function copyPackage(name, target, files) {
  const folder = freshFolder(`${target}-${versionOf(name)}`);
  for (const file of files) {
    // The maps are not shipped: without them the browser's console would report a missing file.
    const text = readFileSync(path.join(MODULES, name, 'dist', file), 'utf8');
    const clean = text.replace(/\n?\/[/*]# sourceMappingURL=[^\n]*/g, '');
    writeFileSync(path.join(folder, path.basename(file)), clean);
  }
  writeLicences(folder, [name]);
}

function freshFolder(name) {
  const folder = path.join(OUTPUT, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

const cornerstone = freshFolder(`cornerstone-${versionOf('@cornerstonejs/core')}`);
writeLicences(cornerstone, await buildCornerstone(cornerstone));
copyPackage('bootstrap', 'bootstrap', ['css/bootstrap.min.css', 'js/bootstrap.bundle.min.js']);
copyPackage('htmx.org', 'htmx', ['htmx.min.js']);
