import { countWords } from './count-words.ts'

export default countWords
