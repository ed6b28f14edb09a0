/**
 * The MCP server (dist/mcp.mjs): on standard input and output, which are a terminal's pipe for an agent that starts it
 * (`nanite knowledge mcp`), and a connection of `$XDG_RUNTIME_DIR/nanite/rag-mcp.sock` where systemd starts it.
 */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { existsSync } from 'node:fs';
import { AllKnowledge, KnowledgeClient } from '@nanite/contracts';
import { socketPath } from '@nanite/kit';
import { personSocket } from '../socket';
import { knowledgeServer } from './server';

const own = personSocket();
const shared = socketPath('rag-team');
const team = existsSync(shared) ? new KnowledgeClient(shared) : null;
const knowledge = new AllKnowledge(existsSync(own) || team === null ? new KnowledgeClient(own) : null, team);

serveStdio(() => knowledgeServer(knowledge), {
  onerror: (error) => process.stderr.write(`nanite-rag: ${error.message}\n`),
});
