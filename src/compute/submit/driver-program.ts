import { nodeMajor, WRONG_NODE } from '../pods/start-file.ts'
import { SCRATCH_DIRECTORY } from '../pods/restricted.ts'

export const PROGRAM_DIRECTORY = '/program'
export const partName = (index: number) => `part-${index}`
export const START_FILE = 'start.mjs'

/** What was made ready for the program is found under this name of the global object. */
export const PREPARED = 'shoal$prepared'

/** What the parts hold once they are put together and decompressed: a line of JSON, made ready for the program, and the program. */
export function programText(prepared: unknown, modules: string): string {
  return `${JSON.stringify(prepared)}\n${modules}`
}

/** The file that a driver's pod starts with: puts the parts together and runs what comes out. */
export const START = `if (Number(process.versions.node.split('.')[0]) !== ${nodeMajor(process.version)}) {
  process.stderr.write('Cannot run on Node ' + process.version + ': it is what the image has, expected ${nodeMajor(process.version)}\\n')
  process.exit(${WRONG_NODE})
}
const { readFileSync, writeFileSync, existsSync } = process.getBuiltinModule('node:fs')
const parts = []
const next = () => '${PROGRAM_DIRECTORY}/part-' + parts.length
while (existsSync(next())) parts.push(readFileSync(next()))
const whole = process.getBuiltinModule('node:zlib').brotliDecompressSync(Buffer.concat(parts))
const end = whole.indexOf(10)
globalThis['${PREPARED}'] = JSON.parse(whole.subarray(0, end).toString())
const file = '${SCRATCH_DIRECTORY}/driver.mjs'
writeFileSync(file, whole.subarray(end + 1))
await import(file)
`
