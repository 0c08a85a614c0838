// Prints the files of which a test failed, one a line, from the JSON report of a run. Exits with 1 where there is no report, nothing
// failed in it, or so much that it cannot be a matter of luck.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const MOST_FILES = 5

try {
  const { testResults } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
  const failed = testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative('.', name))
  if (failed.length === 0 || failed.length > MOST_FILES) {
    throw new Error(`Cannot look again: ${failed.length} files failed, expected 1 to ${MOST_FILES}`)
  }
  console.log(failed.join('\n'))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
