import type { Bench } from './bench';
import { gateway } from './gateway/latency';
import { streaming } from './gateway/streaming';

export const benches: Bench[] = [gateway, streaming];
