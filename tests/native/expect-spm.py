"""What SentencePiece itself says to hard lines; the ids, and the text back.

    python3 expect-spm.py <lines.json> <output folder> <model> [<model> ...]
For every model a folder is written: tokenizer.model, and expected.json with one row a line.
"""
import json
import os
import shutil
import sys

import sentencepiece

lines = json.load(open(sys.argv[1], encoding='utf-8'))
for model in sys.argv[3:]:
    name = os.path.splitext(os.path.basename(model))[0]
    folder = os.path.join(sys.argv[2], name)
    os.makedirs(folder, exist_ok=True)
    shutil.copyfile(model, os.path.join(folder, 'tokenizer.model'))
    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    rows = []
    for line in lines + ['<mask>', 'x<mask>y', ' <mask> ', '----------', '....!!!!????', '⟨x y⟩', 'a⟨x y⟩b', '<mask><mask>ﬁ<mask>']:
        try:
            line.encode('utf-8')
        except UnicodeEncodeError:
            continue  # half a surrogate pair is not text
        if '\0' in line:
            continue  # the binding's strings end there
        ids = processor.encode(line)
        decoded = processor.decode(ids)
        rows.append({'text': line, 'ids': ids, 'plain': ids, 'decoded': decoded, 'raw': decoded})
    with open(os.path.join(folder, 'expected.json'), 'w', encoding='utf-8') as file:
        json.dump(rows, file)
    print(f'{name}: {len(rows)} lines')
