/**
 * The MCP server (dist/mcp.mjs): on standard input and output, which are a terminal's pipe for an agent that starts it
 * (`nanite knowledge mcp`), and a connection of `$XDG_RUNTIME_DIR/nanite/rag-mcp.sock` where systemd starts it.
 */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { KnowledgeClient } from '@nanite/contracts';
import { personSocket } from '../socket';
import { knowledgeServer } from './server';

const knowledge = new KnowledgeClient(personSocket());

serveStdio(() => knowledgeServer(knowledge), {
  onerror: (error) => process.stderr.write(`nanite-rag: ${error.message}\n`),
});
