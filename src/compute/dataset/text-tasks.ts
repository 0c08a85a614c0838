import { cutBetweenLines } from './inputs.ts'
import type { InputFile } from './inputs.ts'
import type { TextRange } from './text-range.ts'

/** Smaller tasks cost more on the way than they save at the end. */
const MIN_TASK_BYTES = 1024 * 1024
/** What is done with a whole file may be much for its size: a picture, an archive. */
const MIN_WHOLE_BYTES = 16 * 1024

/** More files in one task would make it long to describe and to check. */
const MAX_RANGES = 1000

/**
 * Gives out files in tasks of up to `blockBytes`: small files together, large ones in ranges. Towards the end the tasks
 * become smaller, so that all threads end at about the same time. `fixed` are ranges that were cut before.
 */
export function createTextTasks(
  files: readonly InputFile[],
  blockBytes: number,
  wholeFiles: boolean,
  fixed?: readonly TextRange[],
) {
  let leftBytes = files.reduce((sum, file) => sum + file.bytes, 0)
  let threads = 1
  const least = wholeFiles ? MIN_WHOLE_BYTES : MIN_TASK_BYTES
  const targetBytes = () => Math.min(blockBytes, Math.max(least, Math.ceil(leftBytes / Math.max(1, threads * 3))))
  const all = () => fixed?.values() ?? rangesOf(files, wholeFiles ? () => Infinity : targetBytes)
  const ranges = all()
  let upcoming = ranges.next()

  return {
    totalBytes: leftBytes,
    /** All ranges, one by one. */
    all,
    isExhausted: () => upcoming.done === true,
    /** What is done with a whole file may be much: each could have a task of its own. */
    waiting: () => (upcoming.done === true ? 0 : Math.ceil(leftBytes / (wholeFiles ? least : blockBytes)) || 1),
    next(count: number): readonly TextRange[] | undefined {
      threads = count
      if (upcoming.done === true) return undefined
      const taken: TextRange[] = []
      const target = targetBytes()
      for (let bytes = 0; upcoming.done !== true && taken.length < MAX_RANGES; upcoming = ranges.next()) {
        const size = upcoming.value.to - upcoming.value.from
        if (taken.length > 0 && bytes + size > target) break
        taken.push(upcoming.value)
        bytes += size
        leftBytes -= size
      }
      return taken
    },
  }
}

function* rangesOf(files: readonly InputFile[], nextBytes: () => number): Generator<TextRange, undefined> {
  for (const file of files) yield* cutBetweenLines(file, nextBytes)
  return undefined
}
