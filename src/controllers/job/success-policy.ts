import type { SuccessPolicy } from '../../api/generated/batch-v1.ts'
import { parseIndexes } from './completion-indexes.ts'

/** The message under which an Indexed Job has succeeded before all its indexes have, or undefined. */
export function metSuccessPolicy(
  policy: SuccessPolicy | undefined,
  completions: number,
  succeeded: ReadonlySet<number>,
): string | undefined {
  if (succeeded.size === 0) return undefined
  const met = (policy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && succeeded.size >= succeededCount
    const required = parseIndexes(succeededIndexes, completions)
    const there = [...required].filter((index) => succeeded.has(index)).length
    return required.size > 0 && (there === required.size || there >= (succeededCount ?? Infinity))
  })
  return met === -1 ? undefined : `Matched rules at index ${met}`
}
