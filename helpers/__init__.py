"""What two or more notebooks of *GRU vs LSTM, measured* need.

Data flows one way: load -> split -> scale -> window -> fit -> forecast -> score -> compare -> draw.
Importing this package, or any module but ``training``, does not import TensorFlow.
"""
