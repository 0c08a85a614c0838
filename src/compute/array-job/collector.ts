import type { Container } from '../../api/generated/core-v1.ts'

/** The container that brings files home: a sidecar, which ends after the main container, and writes them to its log. */
export const COLLECTOR = 'collector'

/** Nodes keep 10 MiB of a log before they begin a new file, and base64 takes a third more than what it encodes. */
const LIMIT_KB = 7 * 1024

/**
 * Sleeps until it is told to end, which it is once the main container has ended; then writes each file as a line
 * `file SIZE NAME` (the name in base64) with its content in base64 below it, and in the end `end COUNT`.
 */
const SCRIPT = `
collect() {
  cd "$1" || exit 1
  kb=$(du -sk . | cut -f1)
  if [ "$kb" -gt ${LIMIT_KB} ]; then echo "toolarge $kb"; exit 0; fi
  find . -type f | {
    count=0
    while IFS= read -r file; do
      echo "file $(wc -c < "$file" | tr -d ' ') $(printf %s "$file" | base64 | tr -d '\\n')"
      base64 "$file"
      count=$((count + 1))
    done
    echo "end $count"
  }
  exit 0
}
trap 'collect "$1"' TERM
while :; do sleep 3600 & wait $!; done
`

export function collector(image: string, directory: string): Container {
  return {
    name: COLLECTOR,
    image,
    restartPolicy: 'Always',
    command: ['sh', '-c', SCRIPT, COLLECTOR, directory],
    volumeMounts: [{ name: 'output', mountPath: directory }],
  }
}

/** What a collector's log holds: the files by their paths in the directory, or why there are none. */
export type Collected =
  | { readonly is: 'files'; readonly files: ReadonlyMap<string, Uint8Array> }
  | { readonly is: 'lost'; readonly why: string }

/** Reads a collector's log; a file whose size is not what was said, or a missing end, count as a loss of all. */
export function parseCollected(log: string): Collected {
  const files = new Map<string, Uint8Array>()
  let open: { readonly name: string; readonly size: number; readonly lines: string[] } | undefined
  const close = () => {
    if (open === undefined) return true
    const bytes = Buffer.from(open.lines.join(''), 'base64')
    files.set(open.name, bytes)
    return bytes.length === open.size
  }
  for (const line of log.split('\n')) {
    const [word = '', first = '', second = ''] = line.split(' ')
    if (word === 'toolarge') return lost(`its output takes ${first} KiB, expected ${LIMIT_KB} at the most`)
    if (word === 'end' || word === 'file') {
      if (!close()) return lost(`"${open?.name}" arrived in part`)
      open = undefined
      if (word === 'file') open = { name: nameOf(second), size: Number(first), lines: [] }
      else
        return files.size === Number(first) ? { is: 'files', files } : lost(`${files.size} of ${first} files arrived`)
    } else open?.lines.push(line)
  }
  return lost('its collector was ended before it had written all')
}

const lost = (why: string): Collected => ({ is: 'lost', why })
const nameOf = (base64: string) => Buffer.from(base64, 'base64').toString().replace(/^\.\//, '')
