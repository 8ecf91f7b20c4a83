# A peer for benchmarks/Seriatim.Peers: translates the lines of its task with CTranslate2, once for each line that it is sent.
import json
import sys
import time

import ctranslate2

task = json.loads(sys.stdin.readline())
translator = ctranslate2.Translator(
    task["model"], device="cpu", compute_type=task["type"], inter_threads=1, intra_threads=task["threads"])
print("ready", ctranslate2.__version__, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    translator.translate_batch(task["sources"], beam_size=task["beams"], max_batch_size=task["batch"])
    print(time.perf_counter() - start, flush=True)
