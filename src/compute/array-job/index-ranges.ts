/** The indexes of a list of ranges such as `1,3-5,7`, which is how a Job's status names them. */
export function indexesOf(ranges: string | undefined): readonly number[] {
  if (ranges === undefined || ranges === '') return []
  return ranges.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  })
}
