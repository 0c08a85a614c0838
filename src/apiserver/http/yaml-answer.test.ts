import { expect, test } from 'vitest'
import { yamlText } from './yaml-answer.ts'

// What sigs.k8s.io/yaml wrote for the same values, answered by kube-apiserver 1.34.4.
test('answers in YAML are quoted and indented as Kubernetes writes them', () => {
  const data = { e: 'no', c: 'x\ny\n', f: '0x1f', g: '1e3', h: ' lead', i: '~', j: '#x', k: '- a', d: '', m: "it's" }
  const value = {
    kind: 'ConfigMap',
    data,
    metadata: { creationTimestamp: '2026-11-21T23:27:15Z', managedFields: [{ a: 1, fieldsV1: { '.': {} } }] },
  }
  expect(yamlText(value)).toBe(`data:
  c: |
    x
    y
  d: ""
  e: "no"
  f: "0x1f"
  g: "1e3"
  h: ' lead'
  i: "~"
  j: '#x'
  k: '- a'
  m: it's
kind: ConfigMap
metadata:
  creationTimestamp: "2026-11-21T23:27:15Z"
  managedFields:
  - a: 1
    fieldsV1:
      .: {}
`)
})
