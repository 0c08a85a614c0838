import { expect, test } from 'vitest'
import { jsonProblem } from './json-problem.ts'

test.each([
  ['{"a": [1, -2.5e+3, "x\\u00e9", true, null]}', undefined],
  ['', 'unexpected end of JSON input'],
  ['{"a"', 'unexpected end of JSON input'],
  ['[{]', "invalid character ']' looking for beginning of object key string"],
  ['nope', "invalid character 'o' in literal null (expecting 'u')"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a": 1 2}', "invalid character '2' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{} x', "invalid character 'x' after top-level value"],
  ['{"a": }', "invalid character '}' looking for beginning of value"],
  ["{'a': 1}", "invalid character '\\'' looking for beginning of object key string"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['[1.x]', "invalid character 'x' after decimal point in numeric literal"],
])('what Go says of %j is %j', (text, problem) => {
  expect(jsonProblem(text)).toBe(problem)
})
