import { expect, test } from 'vitest'
import { isFor } from './pull-secrets.ts'

// Kubernetes' documentation, "Interpretation of config.json".
test.each([
  ['https://index.docker.io/v1/', 'nginx', true],
  ['docker.io', 'shoal/app:1', true],
  ['registry.example.com:5000', 'registry.example.com:5000/app', true],
  ['registry.example.com', 'registry.example.com:5000/app', false],
  ['*.example.com', 'sub.example.com/app', true],
  ['*.example.com', 'deep.sub.example.com/app', false],
  ['example.com/team', 'example.com/team/app', true],
  ['example.com/team', 'example.com/other/app', false],
  ['https://example.com/v2/', 'example.com/app', true],
  ['example.com', 'nginx', false],
])('a login for %s is tried for %s: %s', (server, image, expected) => {
  expect(isFor(server, image)).toBe(expected)
})
