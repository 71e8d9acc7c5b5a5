/** How a battery is commanded, whatever its registers are. */
import { BusError } from '../../host/ports.ts';

export interface BatteryControl {
  /**
   * Holds a power (positive charges) until told otherwise, or until `deadManSeconds` pass without
   * another word: then the battery goes to its own automatic mode. @throws BusError
   */
  setPoint(powerW: number, deadManSeconds: number): Promise<void>;
  /** Its own automatic mode (self-consumption), at once. @throws BusError */
  automatic(): Promise<void>;
}

/** The battery took a command without an error, and its registers hold something else. */
export class ReadBackError extends BusError {
  constructor(message: string) {
    super('exception', message);
    this.name = 'ReadBackError';
  }
}
