// A provider for chains without fees: without it ethers offers a tip that an account without ether cannot pay.
import { FeeData, JsonRpcProvider } from 'ethers';

export class FreeGasProvider extends JsonRpcProvider {
  async getFeeData() {
    return new FeeData(0n, 0n, 0n);
  }
}
