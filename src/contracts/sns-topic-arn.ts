export interface SnsTopicArn {
  partition: 'aws' | 'aws-cn' | 'aws-us-gov';
  region: string;
}

/** The three partitions whose hosts end in amazonaws.com or amazonaws.com.cn; a topic that is FIFO ends in `.fifo`. */
const ARN = /^arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-\d{1,2}):\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/;

/** The parts of an SNS topic's ARN that lead to its endpoint; null is none. */
export function parseSnsTopicArn(text: string): SnsTopicArn | null {
  const match = ARN.exec(text);
  return match && { partition: match[1] as SnsTopicArn['partition'], region: match[2] };
}
