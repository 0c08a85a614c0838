import { expect, test } from 'vitest'
import { invalidImageName } from './image-name.ts'

test.each([
  'node:24',
  'library/node',
  'localhost:5000/a/b_c:1.0',
  'registry.k8s.io/pause:3.10',
  `node@sha256:${'0'.repeat(64)}`,
  'UPPER/case',
])('"%s" is a name of an image', (image) => {
  expect(invalidImageName(image)).toBeUndefined()
})

// The words of `reference.ParseNormalizedNamed`, which the kubelet repeats.
test.each([
  ['UPPER/case:BAD:tag', 'invalid reference format'],
  ['Node:24', 'invalid reference format: repository name (library/Node) must be lowercase'],
  ['node:', 'invalid reference format'],
  ['a b', 'invalid reference format'],
  ['0'.repeat(64), `invalid repository name (${'0'.repeat(64)}), cannot specify 64-byte hexadecimal strings`],
  [`${'a'.repeat(250)}`, 'repository name must not be more than 255 characters'],
])('"%s" is none', (image, why) => {
  expect(invalidImageName(image)).toBe(
    `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${why}`,
  )
})
