// A network of one's own, from the layers of the package.
//   npx cvnets summary small_net --plugin examples/plugin/small_net.mjs --size 64
import { Activation, ConvLayer, defaultSettings, GlobalPool, Linear, Sequential } from 'cvnets';

export default ({ registerModel }) => {
  registerModel('small_net', ({ n_classes }, { channels }) => {
    const conv = (inputs, outputs) =>
      new ConvLayer(inputs, outputs, { settings: defaultSettings, kernel: 3, stride: 2 });
    return new Sequential({
      conv_1: conv(channels, 16),
      conv_2: conv(16, 32),
      conv_3: conv(32, 64),
      act: new Activation({ name: 'relu' }),
      pool: new GlobalPool(),
      classifier: new Linear(64, n_classes),
    });
  });
};
