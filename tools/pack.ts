import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `npm run pack`: the package as it is published, in `dist/`. Node strips no types below `node_modules`, so that it holds the sources
 * as JavaScript, with declarations. Prints the path of the tarball.
 */
const root = fileURLToPath(new URL('../', import.meta.url))
const target = join(root, 'dist', 'package')

/** What of `package.json` is of the checkout alone. */
const OF_CHECKOUT = new Set(['scripts', 'devDependencies', 'exports', 'bin'])

const BIN = `#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import module from 'node:module'

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(\`Cannot run "shoal": this is Node \${process.versions.node}, expected Node 24 or later\`)
  process.exit(1)
}
module.enableCompileCache()
await import('../lib/cli/start.js')
`

function main(): void {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  run('node_modules/.bin/tsc', '-p', 'tsconfig.publish.json')
  // What is neither TypeScript nor of a test is read as it is.
  for (const file of globSync('src/**/*.{cjs,proto}', { cwd: root, exclude: ['**/fixtures/**'] })) {
    copy(file, join('lib', file.slice('src/'.length)))
  }
  for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE']) copy(file, file)
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(packageFacts(), undefined, 2)}\n`)
  mkdirSync(join(target, 'bin'), { recursive: true })
  writeFileSync(join(target, 'bin', 'shoal.js'), BIN)
  chmodSync(join(target, 'bin', 'shoal.js'), 0o755)
  console.log(join(root, 'dist', run('npm', 'pack', '--silent', '--pack-destination', 'dist', './dist/package').trim()))
}

function packageFacts() {
  const facts = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object>
  const kept = Object.fromEntries(Object.entries(facts).filter(([name]) => !OF_CHECKOUT.has(name)))
  const entries = Object.entries(facts['exports'] as Record<string, string>).map(([name, path]) => {
    const built = path.replace('./src/', './lib/').replace(/\.ts$/, '')
    return [name, { types: `${built}.d.ts`, default: `${built}.js` }]
  })
  return {
    ...kept,
    bin: { shoal: 'bin/shoal.js' },
    exports: Object.fromEntries(entries),
    files: ['bin', 'lib', 'CHANGELOG.md'],
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(join(target, to)), { recursive: true })
  copyFileSync(join(root, from), join(target, to))
}

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status === 0) return stdout
  process.stderr.write(stdout)
  throw new Error(`Cannot pack: "${command} ${args.join(' ')}" ended with ${status}, expected 0`)
}

main()
