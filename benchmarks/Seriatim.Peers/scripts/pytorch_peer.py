# A peer for benchmarks/Seriatim.Peers: steps of a GPT (forward, backward, clipping, AdamW) with PyTorch, one for each line that it is sent.
import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

task = json.loads(sys.stdin.readline())
torch.set_num_threads(task["threads"])
torch.manual_seed(1)
width, heads = task["width"], task["heads"]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (y.view(b, t, heads, -1).transpose(1, 2) for y in self.qkv(self.norm1(x)).split(width, dim=2))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:  # before 2.0
            mask = torch.ones(t, t, dtype=torch.bool).tril()
            scores = (q @ k.transpose(2, 3) / math.sqrt(q.shape[3])).masked_fill(~mask, -math.inf)
            y = scores.softmax(dim=3) @ v
        x = x + self.out(y.transpose(1, 2).reshape(b, t, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(task["vocabulary"], width), nn.Embedding(task["context"], width)
        self.blocks = nn.Sequential(*[Block() for _ in range(task["layers"])])
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        return F.linear(self.norm(self.blocks(x)), self.tokens.weight)


model = Gpt()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.1)
ids = torch.randint(task["vocabulary"], (task["sequences"], task["length"]))
labels = torch.randint(task["vocabulary"], (task["sequences"] * task["length"],))
print("ready", torch.__version__, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    loss = F.cross_entropy(model(ids).view(-1, task["vocabulary"]), labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    print(time.perf_counter() - start, flush=True)
