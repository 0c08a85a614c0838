import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Packs Shoal as it is published, installs the package into a project of its own, and uses it there as its users do: a
 * program by `shoal run` and by plain `node`, a test with a cluster of its own, and the declarations under a strict `tsc`. Ends with 1
 * and says so where one of them gives something else than it should.
 */
const root = fileURLToPath(new URL('../../', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'shoal-installed-'))

const SQUARES = `import { connect } from 'shoal'

await using shoal = await connect()
const power = 2
console.log((await shoal.map([1, 2, 3], (n) => n ** power)).join())
`
const CLUSTER = `import { resources } from 'shoal/client'
import { createTestCluster } from 'shoal/testing'

await using cluster = await createTestCluster()
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'node:24' }] },
} as const
await cluster.client.create(resources.pods, pod)
console.log((await cluster.client.get(resources.pods, { namespace: 'default', name: 'p' })).status?.phase)
`
const STRICT = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--types', 'node', '--typeRoots']

function main(): void {
  const tarball = run(root, process.execPath, ['tools/pack.ts']).trim()
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', version: '1.0.0', type: 'module' }))
  writeFileSync(join(project, 'squares.ts'), SQUARES)
  writeFileSync(join(project, 'cluster.ts'), CLUSTER)
  run(project, 'npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball])
  expect('shoal run', run(project, 'node_modules/.bin/shoal', ['run', '--quiet', 'squares.ts']), '1,4,9\n')
  expect('node', run(project, process.execPath, ['squares.ts']), '1,4,9\n')
  expect('shoal/testing', run(project, process.execPath, ['cluster.ts']), 'Pending\n')
  const types = [...STRICT, join(root, 'node_modules', '@types'), 'squares.ts', 'cluster.ts']
  expect('types', run(project, join(root, 'node_modules', '.bin', 'tsc'), types), '')
}

function expect(what: string, actual: string, wanted: string): void {
  if (actual !== wanted)
    throw new Error(`The installed package: ${what} gave ${JSON.stringify(actual)}, expected ${JSON.stringify(wanted)}`)
  console.log(`ok ${what}`)
}

/** The project has the Node that runs this. */
function run(directory: string, command: string, args: readonly string[]): string {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` }
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: directory,
    env,
    encoding: 'utf8',
    timeout: 180_000,
  })
  if (status === 0) return stdout
  throw new Error(`"${command} ${args.join(' ')}" ended with ${status}, expected 0:\n${stdout}${stderr}`)
}

try {
  main()
} finally {
  rmSync(project, { recursive: true, force: true })
}
