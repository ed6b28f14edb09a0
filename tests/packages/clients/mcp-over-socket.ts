/**
 * The client of the Model Context Protocol as its authors ship it, on a unix socket (`socket PATH`) or through a program that
 * joins it to standard input and output (`program WORDS…`), as editors are told. Prints what it got as JSON.
 */
import { connect, type Socket } from 'node:net';
import {
  Client,
  ReadBuffer,
  serializeMessage,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

class SocketTransport implements Transport {
  private readonly buffer = new ReadBuffer();
  private socket: Socket | undefined;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  constructor(private readonly path: string) {}

  async start(): Promise<void> {
    const socket = connect(this.path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.on('data', (bytes) => {
      this.buffer.append(bytes);
      for (let message; (message = this.buffer.readMessage()) !== null;) this.onmessage?.(message);
    });
    socket.on('error', (error) => this.onerror?.(error));
    socket.on('close', () => this.onclose?.());
    this.socket = socket;
  }

  send(message: JSONRPCMessage): Promise<void> {
    return new Promise((resolve) => this.socket!.write(serializeMessage(message), () => resolve()));
  }

  close(): Promise<void> {
    this.socket?.destroy();
    return Promise.resolve();
  }
}

const [how, ...words] = process.argv.slice(2);
const transport =
  how === 'socket'
    ? new SocketTransport(words[0]!)
    : new StdioClientTransport({ command: words[0]!, args: words.slice(1) });
const client = new Client({ name: 'test', version: '1' });
await client.connect(transport);
const { tools } = await client.listTools();
const found = await client.callTool({ name: 'search', arguments: { query: 'apples' } });
const [hit] = (found.structuredContent as { hits: Array<{ passage: { id: number; scope?: string } }> }).hits;
const read =
  hit &&
  (await client.callTool({
    name: 'read_passage',
    arguments: { id: hit.passage.id, ...(hit.passage.scope && { scope: hit.passage.scope }) },
  }));
const collections = await client.callTool({ name: 'list_collections', arguments: {} });
const gone = await client.callTool({ name: 'read_passage', arguments: { id: 987654 } });
const server = client.getServerVersion();
await client.close();
process.stdout.write(
  JSON.stringify({
    server,
    tools: tools.map(({ name }) => name),
    found: found.structuredContent,
    read: read?.structuredContent,
    collections: collections.structuredContent,
    gone: { isError: gone.isError, content: gone.content },
  }),
);
process.exit(0);
