import { expect, test } from 'vitest'
import { parseCollected } from './collector.ts'

const name = (path: string) => Buffer.from(path).toString('base64')
const content = (text: string) => Buffer.from(text).toString('base64')

test('files are read with their names, empty ones too', () => {
  const log = `file 5 ${name('./a/b c')}\n${content('hello')}\nfile 0 ${name('./empty')}\n\nend 2\n`
  const collected = parseCollected(log)
  expect(collected.is === 'files' && [...collected.files].map(([path, bytes]) => [path, bytes.toString()])).toEqual([
    ['a/b c', 'hello'],
    ['empty', ''],
  ])
})

test('no files at all are a result', () => {
  expect(parseCollected('end 0\n')).toEqual({ is: 'files', files: new Map() })
})

test.each([
  ['cut off', `file 5 ${name('./a')}\n${content('hello')}\n`, 'before it had written all'],
  ['silent', '', 'before it had written all'],
  ['short by a line', `file 9 ${name('./a')}\n${content('hello')}\nend 1\n`, '"./a" arrived in part'.replace('./', '')],
  ['without its beginning', `${content('hello')}\nend 1\n`, '0 of 1 files arrived'],
  ['that says it is too large', 'toolarge 9000\n', 'takes 9000 KiB'],
])('a log that is %s is a loss that says why', (_title, log, why) => {
  expect(parseCollected(log)).toEqual({ is: 'lost', why: expect.stringContaining(why) })
})
