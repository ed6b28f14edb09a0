export { Gateway, type GatewayOptions } from './gateway';
export { Broker, serves, type BrokerOptions } from './memory/broker';
export type { Engine, Lease, Wants } from './memory/types';
