import { readFileSync } from 'node:fs'

/**
 * How many connections stand before the listening sockets that a process sees (those of its network namespace), made by
 * the kernel and not yet taken by a program; with `address` only those of that IPv4 address. 0 where nobody can tell.
 */
export function untakenConnections(pid: number | 'self', address?: string): number {
  const tables = ['tcp', 'tcp6'].map((table) => read(`/proc/${pid}/net/${table}`))
  return tables.reduce((sum, text) => sum + untakenIn(text, address), 0)
}

const LISTENING = '0A'

/** Of the kernel's table of sockets: of one that listens, the second of the two lengths of queues is that of those who wait. */
export function untakenIn(table: string, address?: string): number {
  const place = address === undefined ? '' : placeOf(address)
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTENING && (local.split(':')[0] ?? '').endsWith(place))
    .reduce((sum, [, , , , queues = '0:0']) => sum + Number.parseInt(queues.split(':')[1] ?? '0', 16), 0)
}

/** As the kernel writes it: one number, in the order of bytes of machines that Node runs on. */
function placeOf(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return bytes.reverse().join('').toUpperCase()
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
