import type { Bench } from './bench';
import { coldload } from './coldload/coldload';
import { extract } from './extract/extract';
import { gateway } from './gateway/latency';
import { streaming } from './gateway/streaming';
import { indexFiles } from './index-files/index-files';
import { indexRest } from './index-files/rest';
import { calibrate } from './knowledge/calibrate';
import { embed } from './knowledge/embed';
import { quality } from './knowledge/quality';
import { query } from './knowledge/query';
import { typing } from './knowledge/typing';
import { list } from './list/list';
import { memory } from './memory/memory';
import { ollama } from './ollama/ollama';
import { pull } from './pull/pull';
import { ableTokens } from './tokens/able';
import { tokens } from './tokens/tokens';
import { toolCalls } from './tools/tool-calls';

export const benches: Bench[] = [
  gateway,
  streaming,
  tokens,
  ableTokens,
  ollama,
  coldload,
  memory,
  list,
  pull,
  extract,
  indexFiles,
  indexRest,
  embed,
  query,
  typing,
  quality,
  calibrate,
  toolCalls,
];
