// Chroma's server: `chroma run` of the native add-on, with the settings file named on the command line.
//
// With a settings file, unlike with its --path option, it configures no telemetry at all ("No telemetry is configured.").
import { createRequire } from 'node:module';

const chroma = createRequire(import.meta.url)('./chroma.node');
chroma.cli(['chroma', 'run', process.argv[2]]);
