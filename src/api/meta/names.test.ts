import { expect, test } from 'vitest'
import * as names from './names.ts'

const fine = (problems: names.Problems) => problems.length === 0

test('labels and subdomains are lower case, of limited length, and begin and end with a letter or digit', () => {
  expect(['a', 'a-b', '0a', 'a'.repeat(63)].every((one) => fine(names.dnsLabelProblems(one)))).toBe(true)
  expect(['', 'A', '-a', 'a-', 'a.b', 'a_b', 'a'.repeat(64)].some((one) => fine(names.dnsLabelProblems(one)))).toBe(
    false,
  )
  expect(['a.b', 'a'.repeat(64), '1.2'].every((one) => fine(names.dnsSubdomainProblems(one)))).toBe(true)
  expect(['a..b', '.a', 'a.', 'a'.repeat(254)].some((one) => fine(names.dnsSubdomainProblems(one)))).toBe(false)
})

test('names of services begin with a letter', () => {
  expect(fine(names.dns1035LabelProblems('a1'))).toBe(true)
  expect(fine(names.dns1035LabelProblems('1a'))).toBe(false)
})

test('label keys may have a prefix that is a subdomain', () => {
  expect(['a', 'A_b.c', 'example.com/a'].every((one) => fine(names.labelKeyProblems(one)))).toBe(true)
  expect(['', '/a', 'a/', 'a/b/c', 'Ex.com/a', '-a'].some((one) => fine(names.labelKeyProblems(one)))).toBe(false)
})

test('label values may be empty, mixed in case and 63 characters long', () => {
  expect(['', 'A.b_c-1', 'a'.repeat(63)].every((one) => fine(names.labelValueProblems(one)))).toBe(true)
  expect(['-a', 'a b', 'a'.repeat(64)].some((one) => fine(names.labelValueProblems(one)))).toBe(false)
})

test('names of RBAC objects may hold anything but path separators', () => {
  expect(['system:node', 'A b'].every((one) => fine(names.pathSegmentProblems(one)))).toBe(true)
  expect(['.', '..', 'a/b', 'a%b'].some((one) => fine(names.pathSegmentProblems(one)))).toBe(false)
})

test('names of ports have a letter, at most 15 characters and no two dashes in a row', () => {
  expect(['http', 'a-1'].every((one) => fine(names.portNameProblems(one)))).toBe(true)
  expect(['', '123', 'a--b', '-a', 'A', 'a'.repeat(16)].some((one) => fine(names.portNameProblems(one)))).toBe(false)
})
