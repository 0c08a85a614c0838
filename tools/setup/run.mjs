// The one entry of every npm script: sets the checkout up where needed, then runs the task under Node 24 or later.
// Plain JavaScript without dependencies, because it must run on the Node that the machine has, before anything is installed.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setUp } from './set-up.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const bin = (name) => `node_modules/.bin/${name}`

/** Each task is a list of commands, run one after the other; the first that fails ends it. */
const tasks = {
  setup: [],
  demo: [['examples/word-count/demo.ts']],
  check: [['tools/check.ts']],
  test: [['tools/check.ts'], ['tools/engines.ts'], [bin('vitest'), 'run']],
  verify: [['tools/engines.ts'], ['tools/verify.ts']],
  bench: [['bench/main.ts']],
  format: [[bin('prettier'), '--write', '.']],
  conformance: [['test/conformance/main.ts']],
  generate: [['tools/generate/main.ts']],
  pack: [['tools/pack.ts']],
}

/** What runs programs: the code of their clusters is read in one piece. Where that cannot be, they read the sources. */
const needsJoinedCode = new Set(['setup', 'demo', 'test', 'verify', 'bench'])

async function main([name = '', ...rest]) {
  const commands = tasks[name]
  if (commands === undefined) {
    console.error(`Cannot run "${name}": unknown task, expected one of ${Object.keys(tasks).join(', ')}`)
    return 2
  }
  const node = await setUp(root)
  if (needsJoinedCode.has(name)) await run(node, ['tools/setup/join.ts'])
  for (const [index, command] of commands.entries()) {
    const last = index === commands.length - 1
    const code = await run(node, last ? [...command, ...rest] : command)
    if (code !== 0) return code
  }
  return 0
}

/** Runs one script under `node`; resolves to its exit code, 128 + n where signal n ended it. */
function run(node, args) {
  const env = { NODE_COMPILE_CACHE: `${root}node_modules/.cache/compile`, ...process.env }
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...args], { cwd: root, stdio: 'inherit', env })
  // Ctrl-C reaches the child too, as it is in the terminal's foreground group; it decides when all is cleaned up.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : signal === 'SIGKILL' ? 9 : 15)),
    )
  })
}

process.exitCode = await main(process.argv.slice(2))
