import { expect, test } from 'vitest'
import { userStack } from './user-stack.ts'

test('a stack ends with the last frame of the user', () => {
  const stack = [
    'Error: no',
    '    at parse (/home/me/lib.ts:3:9)',
    '    at Array.map (<anonymous>)',
    '    at async /home/me/main.ts:7:1',
    '    at run (/run/worker.js:1:1)',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
  ]
  expect(userStack(stack.join('\n'), new Set(['/home/me/main.ts', '/home/me/lib.ts']))).toBe(
    stack.slice(0, 4).join('\n'),
  )
  expect(userStack(stack.join('\n'), new Set(['/other.ts']))).toBe(stack.join('\n'))
})
