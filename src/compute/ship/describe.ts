import { types } from 'node:util'

/** What a value is that cannot travel, with its article, and what to do instead. */
export interface Description {
  readonly what: string
  readonly hint: string
}

const PER_WORKER = 'Let each worker make its own: perWorker(() => …).'
const AWAIT = 'Await it before the function captures it.'
const PLAIN = 'Capture plain data instead, and make the instance in the function or with perWorker(() => …).'

export function describe(value: object): Description {
  if (types.isProxy(value)) return { what: 'a Proxy', hint: 'Capture the object behind it, or plain data.' }
  if (types.isPromise(value)) return { what: 'a Promise', hint: AWAIT }
  if (types.isGeneratorObject(value))
    return { what: 'a Generator', hint: 'Collect its values first, or make it in the function.' }
  if (types.isWeakMap(value) || types.isWeakSet(value))
    return { what: article(className(value)), hint: 'Use a Map or a Set.' }
  if (types.isSharedArrayBuffer(value) || ArrayBuffer.isView(value))
    return { what: 'memory shared between threads', hint: 'Workers are other processes: capture a copy of it.' }
  return { what: article(className(value)), hint: RESOURCE.test(className(value)) ? PER_WORKER : PLAIN }
}

const RESOURCE =
  /Socket|Stream|Handle|Server|Worker|Port|Agent|Client|Connection|Pool|Timeout|Immediate|Database|Watcher|Process|Readable|Writable|Duplex|Transform/

export function describeFunction(value: object): Description {
  const name = (value as { readonly name?: unknown }).name
  if (typeof name === 'string' && name.startsWith('bound '))
    return { what: 'a bound function, whose source the engine hides', hint: 'Wrap the call in an arrow function.' }
  return { what: 'a native function', hint: 'Wrap the call in an arrow function.' }
}

function className(value: object): string {
  const constructor = (Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null)?.constructor
  const name = typeof constructor === 'function' ? constructor.name : ''
  if (name !== '' && name !== 'Object') return name
  return Object.prototype.toString.call(value).slice(8, -1)
}

const article = (name: string): string =>
  `${/^([AEIO]|Un)/i.test(name) ? 'an' : 'a'} ${name || 'instance of an unnamed class'}`
