import { afterAll, expect, test } from 'vitest'
import { openUser } from './shoal.ts'

const user = openUser()

afterAll(async () => {
  const left = await user.leftovers()
  user[Symbol.dispose]()
  expect(left).toEqual([])
})

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly callFrames?: readonly { readonly callFrameId: string }[] }
  readonly result?: { readonly result?: { readonly value?: unknown } }
}

/** A debugger of the process that listens at `url`. */
async function debuggerAt(url: string) {
  const socket = new WebSocket(url)
  const waiting: { readonly matches: (message: Message) => boolean; readonly resolve: (message: Message) => void }[] =
    []
  const received: Message[] = []
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message
    received.push(message)
    for (const { matches, resolve } of waiting) if (matches(message)) resolve(message)
  })
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  const until = (matches: (message: Message) => boolean) =>
    new Promise<Message>((resolve) => {
      const known = received.find(matches)
      if (known !== undefined) resolve(known)
      else waiting.push({ matches, resolve })
    })
  let last = 0
  return {
    until,
    async ask(method: string, params: object = {}): Promise<Message> {
      const id = ++last
      socket.send(JSON.stringify({ id, method, params }))
      return await until((message) => message.id === id)
    },
    close: () => socket.close(),
  }
}

test('a failed task is run again here, and under a debugger stops where its function is called, with its input', async () => {
  user.write(
    'main.ts',
    `import { connect } from 'shoal'
await using shoal = await connect()
const limit = 3
await shoal.map([1, 2, 7], (n) => {
  if (n > limit) throw new RangeError(\`\${n} is more than \${limit}\`)
  return n
})
`,
  )
  const failed = await user.run('run', 'main.ts')
  expect(failed.code).toBe(1)
  const [, id = ''] = /shoal replay (\S+)/.exec(failed.stderr) ?? []
  const again = await user.run('replay', id)
  expect(again).toMatchObject({ code: 1, stdout: '' })
  expect(again.stderr).toContain('RangeError: 7 is more than 3')

  const replayed = user.start(['replay', id, '--inspect'])
  const [url] = await replayed.says(/ws:\/\/127\.0\.0\.1:\d+\/\S+/)
  const inspector = await debuggerAt(url)
  await inspector.ask('Debugger.enable')
  await inspector.ask('Runtime.runIfWaitingForDebugger')
  const { params } = await inspector.until(({ method }) => method === 'Debugger.paused')
  const callFrameId = params?.callFrames?.[0]?.callFrameId
  const given = await inspector.ask('Debugger.evaluateOnCallFrame', { callFrameId, expression: 'args[0]' })
  expect(given.result?.result?.value).toBe(7)
  await inspector.ask('Debugger.resume')
  inspector.close()
  const outcome = await replayed.outcome
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toContain('RangeError: 7 is more than 3')
})
