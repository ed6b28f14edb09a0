import { z } from 'zod';
import { CliSettings } from './cli';
import { EngineSettings } from './engine';
import { GatewaySettings } from './gateway';

/** All settings of Nanite: /usr/share/nanite/config.d, /etc/nanite, then the person's own (section `cli` only). */
export const Settings = z.strictObject({
  engine: EngineSettings.prefault({}),
  gateway: GatewaySettings.prefault({}),
  cli: CliSettings.prefault({}),
});

export type Settings = z.infer<typeof Settings>;
