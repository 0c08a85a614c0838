import { expect, test } from 'vitest'
import { compile } from './environment.ts'
import { fromJson, toJson } from './json-values.ts'
import { DYN, INT, listOf, mapOf, objectOf, STRING } from './cel-type.ts'

const SELF = objectOf('selfType', {
  count: INT,
  text: STRING,
  list: listOf(INT),
  map: mapOf(STRING, STRING),
  inner: objectOf('selfType.inner', { x: INT }),
})
const VALUE = { count: 1, text: 'héllo', list: [1, 2, 3], map: { k: 'v' }, inner: {} }
const VARIABLES = new Map([
  ['self', SELF],
  ['any', DYN],
])

function run(source: string) {
  const program = compile(source, VARIABLES)
  return program.measure((name) => (name === 'self' ? fromJson(VALUE, SELF) : fromJson(VALUE)))
}

const value = (source: string): unknown => toJson(run(source).value)

/** What the specification of CEL and the documentation of Kubernetes' libraries say each of these is. */
const EXAMPLES: readonly (readonly [source: string, value: unknown])[] = [
  ['1 + 2 * 3 == 7 && -7 / 2 == -3 && -7 % 2 == -1', true],
  ['1 / 0 == 1 || true', true],
  ['[1, 0].exists(x, 1 / x == 1)', true],
  ['[0, 1].exists(x, 1 / x == 1)', true],
  ['dyn(1) == 1.0 && 1.0 < 2 && dyn(1u) == 1', true],
  ['type(1) == int && type("") == string', true],
  ['self.list.map(x, x * 2)', [2, 4, 6]],
  ['self.list.map(x, x > 1, x * 2)', [4, 6]],
  ['self.list.filter(x, x != 2)', [1, 3]],
  ['self.list.exists_one(x, x == 2)', true],
  ['self.map.all(k, self.map[k] == "v")', true],
  ['self.list.transformList(i, v, i + v)', [1, 3, 5]],
  ['self.list.transformMap(i, v, v > 1, v * 2)', { 1: 4, 2: 6 }],
  ['{"greeting": "hello"}.transformMapEntry(k, v, {v: k})', { hello: 'greeting' }],
  ['has(self.inner.x) ? self.inner.x : 5', 5],
  ['self.?inner.?x.orValue(9)', 9],
  ['self.list[?7].hasValue()', false],
  ['optional.of(3).optMap(y, y + 1).value()', 4],
  ['[?self.?inner.?x, ?optional.of(1)]', [1]],
  ['"%s is %d, %.2f".format([dyn("a"), dyn(3), dyn(1.5)])', 'a is 3, 1.50'],
  ['self.text.size() == 5 && self.text.charAt(1) == "é"', true],
  ['"a,b,c".split(",", 2)', ['a', 'b,c']],
  ['"hello hello".replace("he", "we", 1)', 'wello hello'],
  ['"abc 123".find("[0-9]+") + "|" + "a1b2".findAll("[0-9]")[1]', '123|2'],
  ['[3, 1, 2].max() + [1, 2].sum() + [1, 2].indexOf(2)', 7],
  ['[1, 2, 2].isSorted()', true],
  ['sets.equivalent([1, 2], [2, 1, 1])', true],
  ['quantity("1Gi").isGreaterThan(quantity("500Mi")) && quantity("1k").asInteger() == 1000', true],
  ['ip("::1").isLoopback() && ip.isCanonical("::ffff") && !ip.isCanonical("::FFFF")', true],
  ['cidr("10.0.0.0/8").containsIP("10.2.3.4") && string(cidr("10.1.0.0/8").masked()) == "10.0.0.0/8"', true],
  ['url("https://h:80/p?x=1").getPort() + url("/a").getEscapedPath()', '80/a'],
  ['semver("1.2.3-beta").isLessThan(semver("1.2.3")) && semver("v1.2", true).minor() == 2', true],
  ['format.dns1123Label().validate("A").hasValue()', true],
  ['duration("1h30m").getMinutes() + timestamp("2023-01-02T03:04:05Z").getDayOfYear()', 91],
  ['timestamp("2023-01-01T00:00:00Z") + duration("24h") == timestamp("2023-01-02T00:00:00Z")', true],
  ['-9223372036854775808 < 0', true],
  ['b"\\xff".size() == 1 && r"\\d" == "\\\\d"', true],
]

test.each(EXAMPLES)('%s', (source, expected) => {
  expect(value(source)).toEqual(expected)
})

/** The words of cel-go, which clients of Kubernetes see. */
test.each([
  ['foo', "1:1: undeclared reference to 'foo' (in container '')"],
  ['self.other', "1:5: undefined field 'other'"],
  ['"a" + 1', "1:5: found no matching overload for '_+_' applied to '(string, int)'"],
  ['self.text.contains(1)', "1:19: found no matching overload for 'contains' applied to 'string.(int)'"],
  ['1 == 1.0', "1:3: found no matching overload for '_==_' applied to '(int, double)'"],
  ['[1, "a"]', "1:5: expected type 'int' but found 'string'"],
  ['self.count.map(x, x)', "of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"],
  ['self.text.x', "type 'string' does not support field selection"],
  ['self.text.matches("[")', 'invalid matches argument'],
  ['duration("soon")', 'invalid duration argument'],
  ['1 +', 'Syntax error'],
  ['a.map(1, 2)', 'argument must be a simple name'],
])('%s is refused', (source, message) => {
  expect(() => compile(source, VARIABLES)).toThrow(message)
})

test('an issue shows its line with a mark below it', () => {
  expect(() => compile('self.count > 0\n  && foo', VARIABLES)).toThrow(
    "ERROR: <input>:2:6: undeclared reference to 'foo' (in container '')\n |   && foo\n | .....^",
  )
})

test.each([
  ['self.list[9]', 'index out of bounds: 9'],
  ['any.absent', 'no such key: absent'],
  ['1 / 0', 'division by zero'],
  ['9223372036854775807 + 1', 'integer overflow'],
  ['any.text + any.count', 'no such overload'],
  ['quantity("x")', 'quantities must match'],
])('%s fails when it runs', (source, message) => {
  expect(() => run(source)).toThrow(message)
})

test('costs are counted as Kubernetes counts them', () => {
  expect(run('self.count').cost).toBe(2)
  expect(run('self.count == 1').cost).toBe(3)
  // Of each element: the test of the accumulator 2, the accumulator 1, the comparison 2.
  expect(run('self.list.all(x, x > 0)').cost).toBe(2 + 3 * 5 + 1)
  expect(run('[1, 2, 3]').cost).toBe(0)
})

test('an expression that costs too much is ended', () => {
  const nested = '[1,2,3,4,5,6,7,8,9,10]'
  const source = ['a', 'b', 'c', 'd', 'e', 'f'].reduceRight((inner, name) => `${nested}.all(${name}, ${inner})`, 'true')
  expect(() => run(source)).toThrow('operation cancelled: actual cost limit exceeded')
})

test('a budget is shared by the expressions that are given it', () => {
  const program = compile('self.count == 1', VARIABLES)
  const budget = { remaining: 5 }
  const variable = () => fromJson(VALUE, SELF)
  expect(program.evaluate(variable, budget)).toBe(true)
  expect(() => program.evaluate(variable, budget)).toThrow('actual cost limit exceeded')
})
