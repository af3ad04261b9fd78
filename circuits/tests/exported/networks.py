"""Small networks as people write them in PyTorch, by the record that each takes."""

import torch
from torch import nn
from torch.nn import functional as F

WORDS = 40


class Residual(nn.Module):
    def __init__(self, channels, outputs, stride=1):
        super().__init__()
        self.first = nn.Conv2d(channels, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        same = stride == 1 and channels == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(channels, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.second_norm(self.second(F.relu(self.first_norm(self.first(x)))))
        return F.relu(y + self.shortcut(x))


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.squeeze, self.excite = nn.Linear(channels, 4), nn.Linear(4, channels)

    def forward(self, x):
        weights = torch.sigmoid(self.excite(F.silu(self.squeeze(x.mean((2, 3))))))
        return x * weights[:, :, None, None]


class InvertedResidual(nn.Module):
    def __init__(self, channels, activation):
        super().__init__()
        wide = 2 * channels
        self.body = nn.Sequential(
            nn.Conv2d(channels, wide, 1), nn.BatchNorm2d(wide), activation,
            nn.Conv2d(wide, wide, 3, 1, 1, groups=wide), nn.BatchNorm2d(wide), activation,
            SqueezeExcite(wide), nn.Conv2d(wide, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x):
        return x + self.body(x)


class ConvNext(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 5, 1, 2, groups=channels)
        self.norm, self.wide = nn.LayerNorm(channels), nn.Linear(channels, 2 * channels)
        self.narrow, self.scale = nn.Linear(2 * channels, channels), nn.Parameter(torch.full((channels,), 0.5))

    def forward(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.narrow(F.gelu(self.wide(y))) * self.scale
        return x + y.permute(0, 3, 1, 2)


class RecurrentConvolution(nn.Module):
    """M. Liang and X. Hu, *Recurrent convolutional neural network for object recognition*, 2015."""

    def __init__(self, channels, steps=3):
        super().__init__()
        self.forwards, self.back = nn.Conv2d(channels, channels, 3, 1, 1), nn.Conv2d(channels, channels, 3, 1, 1)
        self.norm, self.steps = nn.BatchNorm2d(channels), steps

    def forward(self, x):
        fixed = self.forwards(x)
        state = F.relu(self.norm(fixed))
        for _ in range(self.steps):
            state = F.relu(self.norm(fixed + self.back(state)))
        return state


class DenseBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, 1, 1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(4 + 4 * i) for i in range(3)])
        self.convs = nn.ModuleList([nn.Conv2d(4 + 4 * i, 4, 3, 1, 1) for i in range(3)])
        self.scores = nn.Linear(16, 4)

    def forward(self, x):
        x = self.stem(x)
        for norm, conv in zip(self.norms, self.convs):
            x = torch.cat([x, conv(F.relu(norm(x)))], 1)
        return self.scores(F.adaptive_avg_pool2d(x, 1).flatten(1))


class VisionTransformer(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.patches, self.token = nn.Conv2d(1, width, 4, 4), nn.Parameter(torch.randn(1, 1, width))
        self.places = nn.Parameter(torch.randn(1, 10, width) * 0.1)
        self.blocks = encoder(width, 1, norm_first=True, activation="gelu")
        self.norm, self.scores = nn.LayerNorm(width), nn.Linear(width, 4)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.scores(self.norm(self.blocks(x))[:, 0])


def encoder(width, layers, **options):
    layer = nn.TransformerEncoderLayer(width, 2, 2 * width, batch_first=True, **options)
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


class Capsules(nn.Module):
    """S. Sabour, N. Frosst and G. E. Hinton, *Dynamic routing between capsules*, 2017."""

    def __init__(self):
        super().__init__()
        self.conv, self.primary = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 16, 3, 3)
        self.votes = nn.Parameter(torch.randn(1, 36, 3, 4, 4) * 0.3)

    @staticmethod
    def squash(x):
        length = x.norm(dim=-1, keepdim=True)
        return length**2 / (1 + length**2) * x / (length + 1e-8)

    def forward(self, x):
        x = self.primary(F.relu(self.conv(x))).view(-1, 4, 4, 9).permute(0, 1, 3, 2).reshape(-1, 36, 1, 1, 4)
        votes = (self.squash(x) @ self.votes).squeeze(3)
        preference = torch.zeros_like(votes[..., :1])
        for _ in range(2):
            capsules = self.squash((F.softmax(preference, 2) * votes).sum(1, keepdim=True))
            preference = preference + (votes * capsules).sum(-1, keepdim=True)
        return capsules.squeeze(1).norm(dim=-1)


class Segmentation(nn.Module):
    def __init__(self, up):
        super().__init__()
        self.down, self.middle = nn.Conv2d(1, 4, 3, 1, 1), nn.Conv2d(4, 8, 3, 1, 1)
        self.up, self.join, self.scores = up, nn.Conv2d(8, 4, 3, 1, 1), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        x = F.relu(self.down(x))
        y = self.up(F.relu(self.middle(F.max_pool2d(x, 2))))
        return self.scores(F.relu(self.join(torch.cat([x, y], 1))))


class Recurrent(nn.Module):
    def __init__(self, cell, both=False, mean=False, **options):
        super().__init__()
        self.cell = cell(3, 8, batch_first=True, bidirectional=both, **options)
        self.scores, self.mean = nn.Linear(16 if both else 8, 3), mean

    def forward(self, x):
        y, _ = self.cell(x)
        return self.scores(y.mean(1) if self.mean else y[:, -1])


class AttentionPooling(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(3, 8, batch_first=True, bidirectional=True)
        self.attention, self.scores = nn.Linear(16, 1), nn.Linear(16, 3)

    def forward(self, x):
        y, _ = self.cell(x)
        return self.scores((torch.softmax(self.attention(torch.tanh(y)), 1) * y).sum(1))


class Attention(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.embed, self.attention = nn.Linear(3, 16), nn.MultiheadAttention(16, 2, batch_first=True)
        self.scores, self.weights = nn.Linear(16, 3), weights

    def forward(self, x):
        x = self.embed(x)
        y, _ = self.attention(x, x, x, need_weights=self.weights)
        return self.scores((x + y).mean(1))


class Transformer(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.embed, self.blocks = nn.Linear(3, 16), encoder(16, 1, **options)
        self.places, self.scores = nn.Parameter(torch.randn(1, 12, 16) * 0.1), nn.Linear(16, 3)

    def forward(self, x):
        return self.scores(self.blocks(self.embed(x) + self.places).mean(1))


class Causal(nn.Module):
    def __init__(self):
        super().__init__()
        norm = nn.utils.parametrizations.weight_norm
        self.convs = nn.ModuleList([norm(nn.Conv1d(8 if i else 3, 8, 3, dilation=2**i)) for i in range(2)])
        self.shortcut, self.scores = nn.Conv1d(3, 8, 1), nn.Linear(8, 3)

    def forward(self, x):
        x = x.transpose(1, 2)
        y = x
        for i, conv in enumerate(self.convs):
            y = F.relu(conv(F.pad(y, (2 * 2**i, 0))))
        return self.scores(F.relu(y + self.shortcut(x))[:, :, -1])


class PaddedText(nn.Module):
    """A transformer block that leaves out what follows the last word, which 0 stands for."""

    def __init__(self):
        super().__init__()
        self.embed, self.blocks = nn.Embedding(WORDS, 16, padding_idx=0), encoder(16, 1)
        self.scores = nn.Linear(16, 3)

    def forward(self, x):
        padding = x.eq(0)
        y = self.blocks(self.embed(x), src_key_padding_mask=padding)
        kept = (~padding).float().unsqueeze(-1)
        return self.scores((y * kept).sum(1) / kept.sum(1))


class TextConvolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(WORDS, 8)
        self.convs = nn.ModuleList([nn.Conv1d(8, 4, size) for size in (2, 3)])
        self.scores = nn.Linear(8, 3)

    def forward(self, x):
        x = self.embed(x).transpose(1, 2)
        return self.scores(torch.cat([F.relu(conv(x)).amax(2) for conv in self.convs], 1))


class TextRecurrence(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.cell, self.scores = nn.Embedding(WORDS, 8), nn.GRU(8, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, x):
        return self.scores(self.cell(self.embed(x))[1][-1])


class TextMean(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.scores = nn.Embedding(WORDS, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.scores(F.relu(self.embed(x).mean(1)))


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.scores = nn.EmbeddingBag(WORDS, 8, mode="mean"), nn.Linear(8, 3)

    def forward(self, x):
        return self.scores(F.relu(self.embed(x)))


class Gates(nn.Module):
    """Highway, maximum and mixture in one."""

    def __init__(self):
        super().__init__()
        self.value, self.gate, self.other = (nn.Linear(10, 10) for _ in range(3))
        self.choice, self.experts = nn.Linear(10, 2), nn.ModuleList([nn.Linear(10, 3) for _ in range(2)])

    def forward(self, x):
        t = torch.sigmoid(self.gate(x))
        x = torch.maximum(t * F.relu(self.value(x)) + (1 - t) * x, self.other(x))
        share = F.softmax(self.choice(x), -1)
        return sum(share[:, i : i + 1] * expert(x) for i, expert in enumerate(self.experts))


class GatedLinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Linear(10, 16), nn.Linear(8, 8), nn.Linear(8, 8)
        self.norm, self.scores = nn.RMSNorm(8), nn.Linear(8, 2)

    def forward(self, x):
        x = self.norm(F.glu(self.first(x)))
        return self.scores(F.silu(self.second(x)) * self.third(x))


class Cosine(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.classes = nn.Linear(10, 8), nn.Parameter(torch.randn(3, 8))

    def forward(self, x):
        return 10 * F.linear(F.normalize(self.embed(x)), F.normalize(self.classes))


class Prototypes(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.classes = nn.Linear(10, 8), nn.Parameter(torch.randn(3, 8))

    def forward(self, x):
        return -((self.embed(x)[:, None] - self.classes) ** 2).sum(-1)


def activations(*functions):
    layers = [layer for function in functions for layer in (function, nn.Linear(8, 8))]
    return nn.Sequential(nn.Linear(10, 8), *layers[:-1], nn.Linear(8, 3))


def images(*middle, channels=8):
    return nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1), nn.ReLU(), *middle, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(channels, 4))


TABLES = {
    "mlp": lambda: nn.Sequential(nn.Linear(10, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2)),
    "mlp_softmax": lambda: nn.Sequential(nn.Linear(10, 8), nn.ELU(), nn.Linear(8, 2), nn.Softmax(1)),
    "mlp_log_softmax": lambda: nn.Sequential(nn.Linear(10, 8), nn.PReLU(), nn.Linear(8, 3), nn.LogSoftmax(1)),
    "mlp_sigmoid": lambda: nn.Sequential(nn.Linear(10, 8), nn.SELU(), nn.Linear(8, 1), nn.Sigmoid()),
    "belief": lambda: nn.Sequential(nn.Linear(10, 8), nn.Sigmoid(), nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 2), nn.Softmax(1)),
    "smooth": lambda: activations(nn.Softplus(), nn.Mish(), nn.GELU(), nn.GELU("tanh"), nn.CELU(), nn.Softsign()),
    "hard": lambda: activations(nn.Hardtanh(), nn.Hardsigmoid(), nn.ReLU6(), nn.Hardshrink(), nn.Softshrink(), nn.Threshold(0.1, 0.0)),
    "logarithmic": lambda: activations(nn.LogSigmoid(), nn.Tanhshrink(), nn.RReLU()),
    "layer_norm": lambda: nn.Sequential(nn.Linear(10, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 2)),
    "gates": Gates, "gated_linear": GatedLinear, "cosine": Cosine, "prototypes": Prototypes,
}

IMAGES = {
    "residual": lambda: images(nn.MaxPool2d(3, 2, 1), Residual(8, 8), Residual(8, 12, 2), channels=12),
    "squeeze_excite": lambda: images(SqueezeExcite(8)),
    "efficient": lambda: images(InvertedResidual(8, nn.SiLU())),
    "mobile": lambda: images(InvertedResidual(8, nn.Hardswish())),
    "convnext": lambda: images(ConvNext(8)),
    "recurrent_convolution": lambda: images(RecurrentConvolution(8)),
    "group_norm": lambda: images(nn.GroupNorm(2, 8), nn.ReLU()),
    "instance_norm": lambda: images(nn.InstanceNorm2d(8, affine=True), nn.ReLU()),
    "local_response": lambda: images(nn.LocalResponseNorm(3)),
    "dense_block": DenseBlock, "vision_transformer": VisionTransformer, "capsules": Capsules,
    "pixels": lambda: nn.Sequential(nn.Conv2d(1, 4, 3, 1, 1), nn.PixelUnshuffle(2), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(),
                                    nn.Linear(64, 3)),
    "means": lambda: nn.Sequential(nn.Conv2d(1, 4, 3, 1, 1), nn.ReLU(), nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.Flatten(),
                                   nn.Linear(144, 3)),
    "uneven_means": lambda: nn.Sequential(nn.Conv2d(1, 4, 3, 1, 1), nn.ReLU(), nn.AdaptiveAvgPool2d((5, 5)), nn.Flatten(), nn.Linear(100, 3)),
    "segmentation": lambda: Segmentation(nn.ConvTranspose2d(8, 4, 2, 2)),
    "segmentation_nearest": lambda: Segmentation(nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 4, 1))),
    "segmentation_linear": lambda: Segmentation(
        nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), nn.Conv2d(8, 4, 1))),
}

SERIES = {
    "lstm": lambda: Recurrent(nn.LSTM), "lstm_both": lambda: Recurrent(nn.LSTM, both=True),
    "lstm_deep": lambda: Recurrent(nn.LSTM, num_layers=2), "gru": lambda: Recurrent(nn.GRU), "rnn": lambda: Recurrent(nn.RNN, mean=True),
    "attention_pooling": AttentionPooling, "attention": lambda: Attention(False), "attention_weights": lambda: Attention(True),
    "transformer": lambda: Transformer(activation="gelu"), "transformer_norm_first": lambda: Transformer(norm_first=True),
    "causal": Causal,
}

TEXTS = {
    "padded_text": PaddedText, "text_convolution": TextConvolution, "text_recurrence": TextRecurrence, "text_mean": TextMean, "bag": Bag,
}
