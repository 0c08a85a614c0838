import { expect, test } from 'vitest'
import { expand } from './variable-expansion.ts'

// The API's rule: $(NAME) is the variable, $$ is a dollar, a reference that cannot be resolved stays as it is.
test.each([
  ['$(A)', 'one'],
  ['a$(A)b$(B)', 'aoneb'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['$(C)', '$(C)'],
  ['$A and $(A', '$A and $(A'],
  ['$(constructor)', '$(constructor)'],
])('%s becomes %s', (text, expanded) => {
  expect(expand(text, { A: 'one', B: '' })).toBe(expanded)
})
