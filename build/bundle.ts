/**
 * The agent as one CommonJS script, by esbuild. What it loads at run time besides comes from the
 * assets of the binary: native addons through host/native-addon.ts, data through host/resources.ts.
 */

import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { ROOT } from './project-root.ts';

/** The oldest Node that a binary is made with (armv7l). */
const TARGET = 'node20.11';

/** Optional parts of packages that are not shipped. */
const LEFT_OUT = ['bufferutil', 'utf-8-validate', 'supports-color'];

/** The packages that look for their addon on disk, and the asset that they get instead. */
export const ADDONS = {
  sqlite: 'native/better-sqlite3.node',
  serial: 'native/serialport.node',
  koffi: 'native/koffi.node',
} as const;

/** What HiGHS runs: the package would look for the file beside its script. */
export const HIGHS = 'native/highs.wasm';

/** As at the end of agent/main.ts, which cannot tell in a bundle whether it is the program. */
const ENTRY = `
  import { main } from './agent/main.ts';
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error) => { console.error(error); process.exit(1); },
  );
`;

/** Programs of threads, as the agent names them; `.ts` in the checkout, `.cjs` in the binary. */
export const THREADS = ['agent/training/main'] as const;

export async function bundleAgent(outfile: string, entry: string = ENTRY): Promise<void> {
  await bundle(outfile, entry);
}

/** A thread's program has an own bundle: it is started from its text. */
export async function bundleThread(program: string, outfile: string): Promise<void> {
  await bundle(outfile, `import './${program}.ts';`);
}

async function bundle(outfile: string, entry: string): Promise<void> {
  await build({
    stdin: { contents: entry, resolveDir: ROOT, sourcefile: 'entry.ts', loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: TARGET,
    minify: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'warning',
    absWorkingDir: ROOT,
    // Only host/resources.ts asks for it, and never inside the binary.
    define: { 'import.meta.url': '"file:///"' },
    plugins: [replacements()],
  });
}

function replacements(): Plugin {
  return {
    name: 'replacements',
    setup(esbuild) {
      const loader = JSON.stringify(join(ROOT, 'host', 'native-addon.ts'));
      const addon = (asset: string): string =>
        `require(${loader}).loadNativeAddon(${JSON.stringify(asset)})`;
      const contents: Record<string, string> = {
        'sqlite-binding': `exports.getBinding = () => ${addon(ADDONS.sqlite)};`,
        'node-gyp-build': `module.exports = () => ${addon(ADDONS.serial)};`,
        // Its own loader would look for a package, and only adds names of older releases.
        koffi: `module.exports = ${addon(ADDONS.koffi)};`,
        highs: highsWith(HIGHS),
        nothing: 'module.exports = {};',
      };
      const replace = (filter: RegExp, path: string, importer?: RegExp): void => {
        esbuild.onResolve({ filter }, (args) =>
          importer === undefined || importer.test(args.importer)
            ? { path, namespace: 'replaced' }
            : undefined,
        );
      };
      replace(/^\.\/binding$/, 'sqlite-binding', /better-sqlite3[\\/]lib[\\/]/);
      replace(/^node-gyp-build$/, 'node-gyp-build');
      replace(/^koffi$/, 'koffi');
      replace(/^highs$/, 'highs');
      replace(new RegExp(`^(${LEFT_OUT.join('|')})$`), 'nothing');
      // Its ESM build asks for import.meta.url as it is loaded.
      esbuild.onResolve({ filter: /^node-cron$/ }, () => ({
        path: join(ROOT, 'node_modules', 'node-cron', 'dist', 'node-cron.cjs'),
      }));
      esbuild.onLoad({ filter: /.*/, namespace: 'replaced' }, ({ path }) => ({
        contents: contents[path] ?? '',
        loader: 'js',
        resolveDir: ROOT,
      }));
    },
  };
}

/**
 * The loader of `highs`, given its WebAssembly from an asset: compiled beside the main thread, and
 * by the one hook that the loader of this release heeds.
 */
function highsWith(asset: string): string {
  const loader = JSON.stringify(join(ROOT, 'node_modules', 'highs', 'build', 'highs.js'));
  const resources = JSON.stringify(join(ROOT, 'host', 'resources.ts'));
  const name = JSON.stringify(asset);
  return `
    const load = require(${loader});
    const { projectResources } = require(${resources});
    module.exports = async (options) => {
      const compiled = await WebAssembly.compile(projectResources().bytes(${name}));
      const instantiateWasm = (imports, receive) =>
        receive(new WebAssembly.Instance(compiled, imports));
      return load({ ...options, instantiateWasm });
    };
  `;
}
