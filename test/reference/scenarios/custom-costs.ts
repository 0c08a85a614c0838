import { post, scenario } from './scenario.ts'

const text = (more: object = {}) => ({ type: 'string', ...more })
const NUMBER = { type: 'integer' }
const list = (items: object, more: object = {}) => ({ type: 'array', items, ...more })
const map = (additionalProperties: object, more: object = {}) => ({ type: 'object', additionalProperties, ...more })
const record = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const ruled = (rule: string, more: object = {}) => ({ 'x-kubernetes-validations': [{ rule, ...more }] })

/** Rules over schemas with bounds and without, of which some may cost too much. */
const CASES: readonly (readonly [name: string, spec: object])[] = [
  ['all', record({ l: list(NUMBER) }, ruled('self.l.all(x, x > 1)'))],
  ['all2', record({ l: list(NUMBER) }, ruled('self.l.all(x, self.l.all(y, x > y))'))],
  ['all2max', record({ l: list(NUMBER, { maxItems: 100 }) }, ruled('self.l.all(x, self.l.all(y, x > y))'))],
  ['all2max1000', record({ l: list(NUMBER, { maxItems: 1000 }) }, ruled('self.l.all(x, self.l.all(y, x > y))'))],
  ['all2max1500', record({ l: list(NUMBER, { maxItems: 1500 }) }, ruled('self.l.all(x, self.l.all(y, x > y))'))],
  ['str', record({ s: text() }, ruled('self.s.startsWith("abc")'))],
  ['matches', record({ s: text() }, ruled('self.s.matches("^[a-z]+$")'))],
  [
    'matches long',
    record(
      { s: text() },
      ruled(
        'self.s.matches("^[a-z]+[0-9]*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa$")',
      ),
    ),
  ],
  ['contains2', record({ s: text(), t: text() }, ruled('self.s.contains(self.t)'))],
  ['eqstr', record({ l: list(text()) }, ruled('self.l.all(x, x == "a")'))],
  ['eqstr2', record({ l: list(text()), t: text() }, ruled('self.l.all(x, x == self.t)'))],
  ['in', record({ l: list(text()) }, ruled('self.l.all(x, x in self.l)'))],
  ['card', record({ l: list(text(ruled('self.size() > 1'))) })],
  ['card2', record({ l: list(list(text(ruled('self.matches("a.*bbbbbbbbbbbbbbbbbbbbbb")')))) })],
  [
    'card max',
    record({
      l: list(
        record({ a: text({ maxLength: 10 }), b: text() }, { required: ['a'], ...ruled('self.b.contains(self.a)') }),
        { maxItems: 10 },
      ),
    }),
  ],
  [
    'card unb',
    record({
      l: list(
        record(
          { a: text({ maxLength: 10 }), b: text({ maxLength: 100 }) },
          { required: ['a'], ...ruled('self.b.contains(self.a)') },
        ),
      ),
    }),
  ],
  ['map', record({ m: map(text()) }, ruled('self.m.all(k, self.m[k].size() < 5)'))],
  ['map2', record({ m: map(text(), { maxProperties: 50 }) }, ruled('self.m.all(k, self.m[k].startsWith(k))'))],
  ['mapm', record({ m: map(text(), { maxProperties: 5000 }) }, ruled('self.m.all(k, self.m[k].contains(self.m[k]))'))],
  ['join', record({ l: list(text()) }, ruled('self.l.join(",").contains("a")'))],
  ['split', record({ s: text() }, ruled('self.s.split(",").all(x, x.size() > 1)'))],
  ['replace', record({ s: text() }, ruled('self.s.replace("a", "bb").replace("b","cccc").contains("d")'))],
  [
    'map filter',
    record(
      { l: list(text(), { maxItems: 1000 }) },
      ruled('self.l.map(x, x + "a").filter(x, x.contains("b")).size() < 5'),
    ),
  ],
  ['concat', record({ l: list(text()), k: list(text()) }, ruled('(self.l + self.k).all(x, x != "")'))],
  [
    'ternary',
    record(
      { s: text(), t: text({ maxLength: 3 }) },
      ruled('(self.t == "a" ? self.s : self.t).contains("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")'),
    ),
  ],
  ['enum', record({ l: list(text({ enum: ['a', 'bbbb'] })) }, ruled('self.l.all(x, self.l.exists(y, x == y))'))],
  [
    'intorstr',
    record(
      { x: { 'x-kubernetes-int-or-string': true } },
      ruled('string(self.x).contains("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")'),
    ),
  ],
  ['dates', record({ l: list({ type: 'string', format: 'date-time' }) }, ruled('self.l.all(x, self.l.all(y, x > y))'))],
  [
    'bytes',
    record(
      { b: { type: 'string', format: 'byte' } },
      ruled('string(self.b).matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")'),
    ),
  ],
  [
    'msgexpr',
    record(
      { l: list(text()) },
      ruled('true', { messageExpression: 'self.l.map(x, self.l.map(y, x + y).join(",")).join(",")' }),
    ),
  ],
  ['optional', record({ l: list(record({ a: text() })) }, ruled('self.l.all(x, x.?a.orValue("").contains("abc"))'))],
  [
    'optMap',
    record(
      { a: text() },
      ruled(
        'self.?a.optMap(v, v.contains("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")).orValue(true)',
      ),
    ),
  ],
  ['oldself', record({ l: list(text()) }, ruled('self.l == oldSelf.l'))],
  ['sorted', record({ l: list(text()) }, ruled('self.l.isSorted()'))],
  ['sum', record({ l: list(NUMBER) }, ruled('self.l.sum() > 3 && self.l.max() > 2 && self.l.indexOf(3) > 2'))],
  ['sets', record({ l: list(text()), k: list(text()) }, ruled('sets.contains(self.l, self.k)'))],
  [
    'sets eq',
    record(
      { l: list(text(), { maxItems: 1000 }), k: list(text(), { maxItems: 4000 }) },
      ruled('sets.equivalent(self.l, self.k)'),
    ),
  ],
  ['ip', record({ l: list(text()) }, ruled('self.l.all(x, isIP(x) && ip(x).family() == 4)'))],
  ['cidr', record({ l: list(text()) }, ruled('self.l.all(x, cidr("10.0.0.0/8").containsIP(x))'))],
  ['quantity', record({ l: list(text()) }, ruled('self.l.all(x, quantity(x).isLessThan(quantity("1")))'))],
  ['url', record({ l: list(text()) }, ruled('self.l.all(x, url(x).getHost() == "a")'))],
  ['format', record({ l: list(text()) }, ruled('self.l.all(x, !format.dns1123Label().validate(x).hasValue())'))],
  ['lit', record({ l: list(text()) }, ruled('self.l.all(x, x in ["a","b","c"])'))],
  ['litmap', record({ l: list(text()) }, ruled('self.l.all(x, {"a": 1, "b": 2}[x] > 1)'))],
  [
    'nested',
    record(
      { l: list(record({ m: map(list(text())) })) },
      ruled('self.l.all(x, x.m.all(k, x.m[k].all(y, y.startsWith("a"))))'),
    ),
  ],
  ['idx', record({ l: list(text()) }, ruled('self.l[0].contains(self.l[1])'))],
  ['twovar', record({ l: list(text()) }, ruled('self.l.all(i, x, i < 3 && x.contains("aaaaaaaaaaaaa"))'))],
  ['transform', record({ m: map(text()) }, ruled('self.m.transformMap(k, v, v + k).all(k, k != "a")'))],
  ['findall', record({ s: text() }, ruled('self.s.findAll("[0-9]+").all(x, int(x) < 3)'))],
  [
    'bool',
    record(
      { l: list({ type: 'boolean' }), n: list({ type: 'number' }) },
      ruled('self.l.all(x, x) && self.n.all(x, self.l.exists(y, y) || x < 1.0)'),
    ),
  ],
  [
    'has',
    record(
      { l: list(record({ a: text(), b: NUMBER }, { required: ['b'] })) },
      ruled('self.l.all(x, self.l.all(y, has(x.a) || has(y.a)))'),
    ),
  ],
  [
    'lower',
    record({ l: list(text()) }, ruled('self.l.all(x, x.lowerAscii().upperAscii().substring(1).trim() == "a")')),
  ],
  ['stringfmt', record({ l: list(text()) }, ruled('self.l.all(x, "%s".format([x]) == "a")'))],
  ['dyncall', record({ l: list(text()) }, ruled('dyn(self.l).all(x, x == 1)'))],
  [
    'labels',
    record({ l: list(text(), { maxItems: 64 }) }, ruled('self.l.exists_one(x, self.l.exists_one(y, x.contains(y)))')),
  ],
]

const definition = (plural: string, spec: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural, kind: plural },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
      },
    ],
  },
})

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All'

export const customCosts = scenario(
  'custom-costs',
  'What rules of custom resources may cost by what their schemas allow',
  CASES.map(([name, spec], i) =>
    post(name, PATH, definition(`costs${String.fromCharCode(97 + i / 26, 97 + (i % 26))}`, spec)),
  ),
)
