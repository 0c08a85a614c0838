import { statSync } from 'node:fs'
import { countWords, printTop } from './count-words.ts'

/** The word count of examples/word-count on one thread, without Shoal. */
printTop(countWords(process.argv.slice(2).map((path) => ({ path, from: 0, to: statSync(path).size }))))
