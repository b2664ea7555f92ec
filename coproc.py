import sys, json
for line in sys.stdin.buffer:
    head = json.loads(line)
    body = sys.stdin.buffer.read(head["length"])
    if b"zz" in body or head["length"] == 666: sys.exit(5)
    print(json.dumps({"n": len(body)}), flush=True)
