// Installs what the lock file names, and a Node of at least 24, when they are not there yet. Safe to call every time.
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const WANTED_MAJOR = 24
const LOCK_WAIT_MS = 10 * 60_000

/** Sets the checkout at `root` up and resolves to the path of a Node binary of at least version 24. */
export async function setUp(root) {
  if (isSetUp(root)) return nodeOf(root)
  return await withLock(path.join(root, '.shoal-setup.lock'), async () => {
    if (isSetUp(root)) return nodeOf(root)
    const started = Date.now()
    await bringNode(root)
    const node = nodeOf(root)
    if (!sameFile(lockFile(root), stampFile(root))) {
      say('installing the packages of package-lock.json')
      await npm(root, node, ['ci', '--no-fund', '--no-audit'])
      copyFileSync(lockFile(root), stampFile(root))
    }
    say(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s, on Node ${versionOf(node)}`)
    return node
  })
}

const say = (message) => console.error(`set-up: ${message}`)
const lockFile = (root) => path.join(root, 'package-lock.json')
const stampFile = (root) => path.join(root, 'node_modules', '.shoal-setup')
const pathFile = (root) => path.join(root, 'tools', 'node', 'node_modules', '.path')
const nodeOf = (root) => readFileSync(pathFile(root), 'utf8').trim()
const versionOf = (node) => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? ''
const majorOf = (version) => Number(/^v(\d+)\./.exec(version)?.[1] ?? 0)

function isSetUp(root) {
  if (!existsSync(pathFile(root)) || !existsSync(nodeOf(root))) return false
  return sameFile(lockFile(root), stampFile(root))
}

function sameFile(a, b) {
  return existsSync(a) && existsSync(b) && readFileSync(a).equals(readFileSync(b))
}

/** Writes the path of a new enough Node beside its package: the machine's own, else the one that npm brings. */
async function bringNode(root) {
  const folder = path.join(root, 'tools', 'node')
  const mine = majorOf(process.version) >= WANTED_MAJOR
  if (!mine) {
    say(`this is Node ${process.version}; bringing Node ${WANTED_MAJOR} from npm`)
    await npm(folder, process.execPath, ['ci', '--no-fund', '--no-audit'])
  }
  const platform = path.join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  const node = mine ? process.execPath : platform
  if (majorOf(versionOf(node)) < WANTED_MAJOR) {
    const platformName = `${process.platform}-${process.arch}`
    throw new Error(
      `Cannot set up on "${platformName}": npm has no Node for it, expected Node ${WANTED_MAJOR} on the PATH`,
    )
  }
  mkdirSync(path.dirname(pathFile(root)), { recursive: true })
  writeFileSync(pathFile(root), `${node}\n`)
}

/** Runs npm, with its output on standard error so that results keep standard output to themselves. */
function npm(cwd, node, args) {
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` }
  const child = spawn('npm', args, { cwd, env, stdio: ['ignore', 2, 2] })
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new Error('Cannot run "npm": not on the PATH, expected npm 10 or later', { cause })),
    )
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`Cannot install packages in "${cwd}": npm ended with code ${code}, expected 0`))
    })
  })
}

/** Two set-ups at once would undo each other's work: the second waits for the first, ten minutes at the most. */
async function withLock(folder, action) {
  const deadline = Date.now() + LOCK_WAIT_MS
  for (let waited = false; !tryLock(folder); waited = true) {
    if (Date.now() > deadline) throw new Error(`Cannot set up: "${folder}" is held by another set-up, expected none`)
    if (!waited) say('waiting for another set-up of this checkout')
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  try {
    return await action()
  } finally {
    rmdirSync(folder)
  }
}

function tryLock(folder) {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    // One left behind by a set-up that was killed is taken over once it is too old to be at work.
    if (Date.now() - statSync(folder).mtimeMs > LOCK_WAIT_MS) rmdirSync(folder)
    return false
  }
}
