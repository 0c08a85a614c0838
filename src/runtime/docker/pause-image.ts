import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { RuntimeError } from '../runtime.ts'

/** Runs in every sandbox to hold its namespaces. Made here, so that nothing has to be pulled for it. */
export const PAUSE_IMAGE = 'shoal.dev/pause:1'

/** Makes the image where it is not there yet. */
export async function ensurePauseImage(docker: Docker): Promise<void> {
  const known = await docker.listImages({ filters: { reference: [PAUSE_IMAGE] } })
  if (known.length > 0) return
  const { Arch } = await docker.version()
  const [repo = '', tag = ''] = PAUSE_IMAGE.split(':')
  const archive = archiveOf('pause', pauseProgram(Arch))
  const said = await docker.importImage(Readable.from([archive]), { repo, tag, changes: 'ENTRYPOINT ["/pause"]' })
  for await (const _line of said);
}

interface Machine {
  /** As an ELF header names it. */
  readonly code: number
  /** Waits for signals for ever: the first process of a namespace dies of none but SIGKILL. */
  readonly instructions: readonly number[]
}

const MACHINES: Readonly<Record<string, Machine>> = {
  // again: mov eax, SYS_pause; syscall; jmp again
  amd64: { code: 62, instructions: [0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7] },
  // again: mov x0..x3, #0; mov x8, SYS_ppoll; svc #0; b again
  arm64: {
    code: 183,
    instructions: [
      [0, 0, 0x80, 0xd2],
      [1, 0, 0x80, 0xd2],
      [2, 0, 0x80, 0xd2],
      [3, 0, 0x80, 0xd2],
      [0x28, 0x09, 0x80, 0xd2],
      [1, 0, 0, 0xd4],
      [0xfa, 0xff, 0xff, 0x17],
    ].flat(),
  },
}

const HEADER_BYTES = 64
const SEGMENT_BYTES = 56
const ADDRESS = 0x40_0000n

/** A program of one segment, as small as the format allows. */
export function pauseProgram(architecture: string): Buffer {
  const machine = MACHINES[architecture]
  if (machine === undefined)
    throw new RuntimeError(
      'FailedCreatePodSandBox',
      `Cannot make sandboxes on ${architecture}: expected amd64 or arm64`,
    )
  const start = HEADER_BYTES + SEGMENT_BYTES
  const file = Buffer.alloc(start + machine.instructions.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(machine.code, 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(ADDRESS + BigInt(start), 24)
  file.writeBigUInt64LE(BigInt(HEADER_BYTES), 32)
  for (const [at, value] of [
    [52, HEADER_BYTES],
    [54, SEGMENT_BYTES],
    [56, 1],
  ] as const)
    file.writeUInt16LE(value, at)
  // Loaded as a whole, to be read and executed.
  file.writeUInt32LE(1, 64)
  file.writeUInt32LE(5, 68)
  for (const at of [80, 88]) file.writeBigUInt64LE(ADDRESS, at)
  for (const at of [96, 104]) file.writeBigUInt64LE(BigInt(file.length), at)
  file.writeBigUInt64LE(0x1000n, 112)
  file.set(machine.instructions, start)
  return file
}

const BLOCK_BYTES = 512

/** A tar archive of one executable file. */
function archiveOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o755, 7), 100)
  for (const at of [108, 116]) header.write(octal(0, 7), at)
  header.write(octal(content.length, 11), 124)
  header.write(octal(0, 11), 136)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(octal(sum, 6), 148)
  const padding = Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES)
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK_BYTES)])
}
