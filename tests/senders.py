"""Programs that send LSL streams and are not ours."""

# A plain pylsl program: a counter in the first channel, one row per period, for ever.
SENDER = """
import sys, time, pylsl
name, rate, source = sys.argv[1], float(sys.argv[2]), sys.argv[3]
info = pylsl.StreamInfo(name, "Gaze", 3, rate, pylsl.cf_float32, source)
outlet = pylsl.StreamOutlet(info)
print("ready", flush=True)
start, count = pylsl.local_clock(), 0
while True:
    due = int((pylsl.local_clock() - start) * rate)
    while count < due:
        outlet.push_sample([count, 0.5, 0.5], start + count / rate)
        count += 1
    time.sleep(0.002)
"""
