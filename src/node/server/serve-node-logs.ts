import { createReadStream } from 'node:fs'
import { open, readdir, realpath, stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { sendText } from './answer.ts'

/** The machine's logs, as kubelets show them. */
export const NODE_LOGS = '/var/log'
const NOT_FOUND = '404 page not found\n'

/**
 * Sends a file below `root`, or the list of a folder in the form of Go's file server, by which kubelets do it. Links that lead out
 * of `root` are not followed: pods may have been given a part of it to write to.
 */
export async function serveNodeLogs(response: ServerResponse, asked: string, root = NODE_LOGS): Promise<void> {
  const file = await placeOf(root, asked)
  if (file === undefined) return sendText(response, 404, NOT_FOUND)
  try {
    const isFolder = (await stat(file)).isDirectory()
    const last = path.posix.basename(asked)
    if (isFolder && !asked.endsWith('/')) return redirect(response, `${encodeURIComponent(last)}/`)
    if (!isFolder && asked.endsWith('/')) return redirect(response, `../${encodeURIComponent(last)}`)
    if (isFolder) return sendText(response, 200, await listing(file), 'text/html; charset=utf-8')
    await sendFile(response, file)
  } catch (error) {
    if (response.headersSent) return void response.destroy()
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') return sendText(response, 403, '403 Forbidden\n')
    if (code === 'ENOENT') return sendText(response, 404, NOT_FOUND)
    throw error
  }
}

async function placeOf(root: string, asked: string): Promise<string | undefined> {
  try {
    const top = await realpath(root)
    const file = await realpath(path.join(top, path.posix.join('/', asked)))
    return file === top || file.startsWith(`${top}/`) ? file : undefined
  } catch {
    return undefined
  }
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(301, { Location: location, 'Content-Length': 0 })
  response.end()
}

async function listing(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.map((entry) => entry.name + (entry.isDirectory() ? '/' : '')).toSorted(byBytes)
  const links = names.map(
    (name) => `<a href="${encodeURI(name).replace(/[?#]/g, encodeURIComponent)}">${escape(name)}</a>\n`,
  )
  return `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}
const escape = (text: string) => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)

/** So many bytes tell whether it is text. */
const SNIFFED = 512

async function sendFile(response: ServerResponse, file: string): Promise<void> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFFED), 0, SNIFFED, 0)
  const isText = !buffer.subarray(0, bytesRead).includes(0)
  const type = isText ? 'text/plain; charset=utf-8' : 'application/octet-stream'
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': size })
  if (size === 0) return void response.end()
  // A log that grows meanwhile is sent as long as it was.
  await pipeline(createReadStream(file, { end: size - 1 }), response)
}
