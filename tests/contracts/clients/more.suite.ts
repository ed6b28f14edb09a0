import { ableModels } from './runner/machine';
import { clientSuite } from './runner/suite';

/** `make test-clients`: everything that people use with such an API, beyond the libraries of tests/contracts/clients.test.ts. */
clientSuite('more', ableModels);
