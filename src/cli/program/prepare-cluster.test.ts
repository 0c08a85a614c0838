import { expect, test } from 'vitest'
import { programIn } from './prepare-cluster.ts'

test.each([
  [['main.ts', '--context', 'x'], 'main.ts'],
  [['--quiet', 'main.ts'], 'main.ts'],
  [['-q', '--workers', '2', '--threads=1', '-n', 'work', 'main.ts', 'a'], 'main.ts'],
  [['--json', '--', 'main.ts'], 'main.ts'],
  [['--context', 'prod', 'main.ts'], undefined],
  [['--kubeconfig=here', 'main.ts'], undefined],
  [['--help'], undefined],
  [[], undefined],
])('among the arguments %j the program is %s, unless a cluster is named before it', (args, program) => {
  expect(programIn(args)).toBe(program)
})
