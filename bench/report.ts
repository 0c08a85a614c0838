import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join, relative } from 'node:path'
import { root } from './program.ts'

/** What one benchmark printed. */
export interface Section {
  readonly name: string
  readonly lines: readonly string[]
  readonly failed: boolean
}

const FILE = join(root, 'docs', 'benchmarks.md')

/** Writes the figures to docs/benchmarks.md; sections that were not measured this time stay. Returns the file's name. */
export function writeReport(sections: readonly Section[]): string {
  const measured = new Map(kept())
  const provenance = machine()
  for (const { name, lines } of sections) measured.set(name, [provenance, '', '```', ...lines, '```'].join('\n'))
  const bodies = [...measured].map(([name, body]) => `## ${name}\n\n${body}\n`)
  writeFileSync(FILE, `${HEAD}\n${bodies.join('\n')}`)
  return relative(root, FILE)
}

const HEAD = `# Benchmarks

Written by \`npm run bench -- --write\`, never by hand: run it to have the figures of your machine. Each line gives the
median, the lowest and highest of its runs, the target that the project sets itself, and where it was measured the figure of
Kubernetes 1.34.4 (the Go one, with etcd) on the same two-core machine. MB are 10^6 bytes. No test depends on any of them.
`

/** The sections of the file as it is. */
function kept(): readonly (readonly [string, string])[] {
  let text: string
  try {
    text = readFileSync(FILE, 'utf8')
  } catch {
    return []
  }
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [name = '', ...body] = section.split('\n')
      return [name, body.join('\n').trim()] as const
    })
}

function machine(): string {
  const gigabytes = Math.round(totalmem() / 1e9)
  const cpu = cpus()[0]?.model.trim() || 'unknown'
  const day = new Date().toISOString().slice(0, 10)
  const load = loadavg()
    .slice(0, 2)
    .map((each) => each.toFixed(1))
    .join(' and ')
  return [
    `${day}, Node ${process.version}, ${availableParallelism()} cores (${cpu}), ${gigabytes} GB, ${process.platform} ${release()};`,
    `load over the last 1 and 5 minutes ${load}: more than the cores means that the machine had other work.`,
  ].join('\n')
}
