import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A place in a source, with the line that stands there. Line and column count from 1. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
}

/** `main.ts:3:11`, the file as seen from the working directory. */
export function formatPlace({ file, line, column }: SourcePlace): string {
  const path = relative(process.cwd(), file)
  return `${path.startsWith('..') ? file : path}:${line}:${column}`
}

/** The line and a caret below it. */
export function quotePlace({ text, column }: SourcePlace): string {
  // Tabs before the column stay tabs, so that the caret stands below what it points at.
  return `${text}\n${text.slice(0, column - 1).replace(/[^\t]/g, ' ')}^`
}

export function placeAt(file: string, source: string, offset: number): SourcePlace {
  const before = source.slice(0, offset).split('\n')
  const text = source.split('\n')[before.length - 1]?.trimEnd() ?? ''
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, text }
}

/** The place that Node puts at the head of the stack of an error of loading: a file, lines of it, and carets below one. */
export function placeOfStack(stack: string): SourcePlace | undefined {
  const [head = '', ...lines] = stack.split('\n')
  const [, name, line] = /^((?:file:\/\/)?\/.*):(\d+)$/.exec(head) ?? []
  const carets = lines.findIndex((text) => /^\s*\^+\s*$/.test(text))
  if (name === undefined || carets < 1) return undefined
  const file = name.startsWith('file:') ? fileURLToPath(name) : name
  const text = lines[carets - 1] ?? ''
  const column = (lines[carets]?.indexOf('^') ?? 0) + 1
  return { file, line: lineOf(file, text, Number(line)), column, text }
}

/** Node's number is that of the error's line in some releases and of the quotation's last line in others. */
function lineOf(file: string, text: string, around: number): number {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    const near = [around, around - 1, around + 1, around - 2, around + 2]
    return near.find((line) => lines[line - 1]?.trimEnd() === text.trimEnd()) ?? around
  } catch {
    return around
  }
}
