"""Lab Streaming Layer: outlets, inlets, clock offsets. The only user of pylsl."""
