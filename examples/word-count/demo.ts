// `npm run demo`: counts the words of every text file under this checkout's own `node_modules`, on worker pods of the
// cluster that starts with it. It says what there is to count and then does what `bin/shoal run main.ts PATTERN` does.
import { spawn } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pattern = 'node_modules/**/*.{md,js,mjs,cjs,ts,json}'

process.chdir(root)
const sizes = globSync(pattern)
  .map((file) => statSync(file, { throwIfNoEntry: false }))
  .flatMap((stat) => (stat?.isFile() === true ? [stat.size] : []))
const megabytes = sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6
console.error(`counting the words of ${sizes.length} files, ${megabytes.toFixed(1)} MB: ${pattern}`)

const run = spawn(
  process.execPath,
  [...process.execArgv, 'src/cli/start.ts', 'run', 'examples/word-count/main.ts', pattern],
  {
    stdio: 'inherit',
  },
)
// Ctrl-C reaches the run too, which ends its workers; this process only passes its exit code on.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => run.kill('SIGTERM'))
run.once('exit', (code, signal) => (process.exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143)))
